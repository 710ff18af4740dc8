#include "vault/record_put.h"

#include <string.h>

#include "crypto/random.h"
#include "formats/date.h"
#include "formats/words.h"
#include "vault/document.h"
#include "vault/heads.h"
#include "vault/making.h"
#include "vault/related.h"

#define NOT_YOUR_ID N_("the id is chosen by casevault; leave it out")

const char *cv_put_closed(const struct cv_vault *v, const char *type, const struct cv_json *record,
                          uint64_t version)
{
    const char *section;
    for (size_t i = 0; (section = cv_template_type_section(v->template, type, i)) != NULL; i++) {
        const struct cv_json *given = cv_json_get(record, section);
        /* An empty section adds nothing to a new record, but takes all away from an old one. */
        if (given == NULL || (version == 1 && cv_json_len(given) == 0) || cv_vault_may_create(v, section) ||
            (version > 1 && cv_vault_may_edit(v, section)))
            continue;
        return section;
    }
    return NULL;
}

cv_status cv_put_version(struct cv_vault *v, const struct cv_next *next, const struct cv_json *record,
                         struct cv_stored *out, struct cv_err *err)
{
    const char *section = cv_put_closed(v, next->type, record, next->version);
    if (section != NULL) {
        cv_json_free(next->previous);
        cv_json_free(next->carried);
        return cv_fail(err, CV_ERR_DENIED, CV_PUT_CLOSED, section);
    }
    cv_status st = cv_making_start(v, next, record, out, err);
    return CV_THEN(st, cv_documents_note(v, next, record, err));
}

/* check_free(v, id): one that is brought along is not taken, and who brings it can know that. */
static cv_status check_free(struct cv_vault *v, const char *id, struct cv_err *err)
{
    struct cv_versions known = { 0 };
    if (!cv_vault_may_read(v, "head"))
        return cv_fail(err, CV_ERR_DENIED, NOT_YOUR_ID);
    cv_status st = cv_heads_find(v, id, &known, err);
    if (st == CV_OK && known.count > 0)
        st = cv_fail(err, CV_ERR_EXISTS, "there is a record %s already; change it with `record edit`", id);
    cv_versions_free(&known);
    return st;
}

/* id_of(v, record, fresh, out): the one it brings along, in its plain form, or a fresh one. */
static cv_status id_of(struct cv_vault *v, const struct cv_json *record, bool fresh,
                       char out[static CV_ID_TEXT_BYTES], struct cv_err *err)
{
    uint8_t id[CV_ID_BYTES];
    const struct cv_json *given = cv_json_get(record, "id");
    cv_status st = given != NULL ? cv_id_parse(cv_json_text(given), id, err) : cv_random(id, sizeof(id));
    if (st == CV_OK)
        cv_id_text(id, out);
    return given != NULL && !fresh ? CV_THEN(st, check_free(v, out, err)) : st;
}

/* take_training(v, record, err): a made-up record says that it is; real cases must not be mixed with it. The
 * word itself is not stored: a training vault says so of all it holds. */
static cv_status take_training(const struct cv_vault *v, struct cv_json *record, struct cv_err *err)
{
    const struct cv_json *training = cv_json_get(record, "training");
    if (training == NULL)
        return CV_OK;
    if (!cv_json_is(training, CV_JSON_BOOL))
        return cv_fail(err, CV_ERR_FORMAT, "record.training: true or false is wanted");
    if (cv_json_to_bool(training) && !cv_vault_policy(v)->training)
        return cv_fail(err, CV_ERR_DENIED, "record.training: a made-up record; this vault is for real cases");
    return cv_json_del(record, "training");
}

/* accept(v, record, import, id): all that can be said against it before it is written; and what it does not
 * say itself. */
static cv_status accept(struct cv_vault *v, struct cv_json *record, const struct cv_import *import,
                        char id[static CV_ID_TEXT_BYTES], struct cv_err *err)
{
    char today[CV_DATE_BYTES];
    cv_date_today(0, today);
    cv_status st = take_training(v, record, err);
    st = CV_THEN(st, cv_template_check(v->template, record, err));
    st = CV_THEN(st, cv_template_default(v->template, record, today, err));
    st = CV_THEN(st, cv_template_code(v->template, record, err));
    return CV_THEN(st, id_of(v, record, import->fresh_id, id, err));
}

cv_status cv_record_check(struct cv_vault *v, struct cv_json *record, const struct cv_import *import,
                          struct cv_err *err)
{
    char id[CV_ID_TEXT_BYTES];
    cv_status st = accept(v, record, import, id, err);
    const char *section = st == CV_OK ? cv_put_closed(v, cv_json_get_str(record, "type"), record, 1) : NULL;
    return section != NULL ? cv_fail(err, CV_ERR_DENIED, CV_PUT_CLOSED, section) : st;
}

cv_status cv_record_put_from(struct cv_vault *v, struct cv_json *record, const struct cv_import *import,
                             struct cv_stored *out, struct cv_err *err)
{
    memset(out, 0, sizeof(*out));
    cv_status st = accept(v, record, import, out->id, err);
    if (st != CV_OK)
        return st;
    const struct cv_next next = { .type = cv_json_get_str(record, "type"),
                                  .id = out->id,
                                  .version = 1,
                                  .previous = cv_json_str("-"),
                                  .carried = cv_json_object(),
                                  .imported = import->from };
    return cv_put_version(v, &next, record, out, err);
}

cv_status cv_record_put(struct cv_vault *v, struct cv_json *record, struct cv_stored *out, struct cv_err *err)
{
    const struct cv_import none = { 0 };
    return cv_record_put_from(v, record, &none, out, err);
}

cv_status cv_record_ready(struct cv_vault *v, struct cv_err *err)
{
    return cv_vault_may_read(v, "head") ? cv_heads_catch_up(v, err) : CV_OK;
}

cv_status cv_record_refuse(struct cv_vault *v, const struct cv_json *record, const char *action,
                           const char *reason, const char *why, struct cv_err *err)
{
    const struct cv_refusal refusal = { .to = action,
                                        .section =
                                            cv_put_closed(v, cv_json_get_str(record, "type"), record, 1),
                                        .reason = reason };
    return cv_event_refuse(v, &refusal, CV_ERR_DENIED, err, "%s", why);
}

cv_status cv_record_may_create(struct cv_vault *v, const char *section, const char *reason,
                               struct cv_err *err)
{
    const struct cv_refusal refusal = { .to = "create", .section = section, .reason = reason };
    return cv_vault_may_create(v, section)
               ? CV_OK
               : cv_event_refuse(v, &refusal, CV_ERR_DENIED, err, CV_PUT_CLOSED, section);
}

cv_status cv_record_add(struct cv_vault *v, struct cv_json *record, const char *reason, struct cv_stored *out,
                        struct cv_err *err)
{
    struct cv_err why = { 0 };
    struct cv_json *refs = NULL;
    memset(out, 0, sizeof(*out));
    cv_status st = cv_json_get(record, "id") != NULL ? cv_record_ready(v, err) : CV_OK;
    st = CV_THEN(st, cv_vault_begin(v, err));
    if (st != CV_OK)
        return st;
    st = cv_record_put(v, record, out, &why);
    st = CV_THEN(st, cv_related_refs(v->template, record, &refs));
    const struct cv_event event = {
        .action = "create", .record = out->id, .version = 1, .refs = refs, .reason = reason, .slot = out->slot
    };
    st = CV_THEN(st, cv_event_add(v, &event, &why));
    cv_json_free(refs);
    if (st == CV_OK)
        return cv_vault_commit(v, err);
    cv_vault_abort(v);
    return st == CV_ERR_DENIED ? cv_record_refuse(v, record, "create", reason, why.msg, err)
                               : cv_fail(err, st, "%s", why.msg);
}
