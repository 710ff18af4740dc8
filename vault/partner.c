#include "vault/partner.h"

#include <stdlib.h>
#include <string.h>

#include "formats/age.h"
#include "vault/glance.h"

#define TYPE "partner"
#define SECTION "directory"

void cv_partner_free(struct cv_partner_info *p)
{
    cv_json_free(p->directory);
    *p = (struct cv_partner_info){ 0 };
}

bool cv_partner_confirmed(const struct cv_json *directory)
{
    char print[CV_FINGERPRINT_BYTES];
    const char *key = cv_json_get_str(directory, "age_recipient"),
               *said = cv_json_get_str(directory, "fingerprint");
    return key != NULL && said != NULL && cv_age_fingerprint(cv_bytes_str(key), print) == CV_OK &&
           strcmp(said, print) == 0;
}

void cv_partners_free(struct cv_partners *list)
{
    for (size_t i = 0; i < list->count; i++)
        cv_partner_free(&list->p[i]);
    free(list->p);
    *list = (struct cv_partners){ 0 };
}

static const char *directory(void *arg, const struct cv_version *of)
{
    (void)arg;
    (void)of;
    return SECTION;
}

/* fill(p, id, version, directory): CV_ERR_NOMEM if it cannot be copied. */
static cv_status fill(struct cv_partner_info *p, const char *id, uint64_t version, const struct cv_json *data)
{
    *p = (struct cv_partner_info){ .version = version, .directory = cv_json_copy(data) };
    memcpy(p->id, id, sizeof(p->id));
    return p->directory != NULL ? CV_OK : CV_ERR_NOMEM;
}

static cv_status take(void *arg, const struct cv_version *of, const struct cv_json *data)
{
    struct cv_partners *list = arg;
    struct cv_partner_info *more = realloc(list->p, (list->count + 1) * sizeof(*more));
    if (more == NULL)
        return CV_ERR_NOMEM;
    list->p = more;
    cv_status st = fill(&list->p[list->count], of->id, of->version, data);
    list->count += st == CV_OK;
    return st;
}

cv_status cv_partners(struct cv_vault *v, const char *reason, struct cv_partners *out, struct cv_err *err)
{
    const struct cv_glance g = { "list", "partners", reason, directory, take, out, NULL, false };
    *out = (struct cv_partners){ 0 };
    cv_status st = cv_glance_type(v, &g, TYPE, err);
    if (st != CV_OK)
        cv_partners_free(out);
    return cv_err_note(err, st, "partners");
}

static cv_status by_id(struct cv_vault *v, const char *id, const char *reason, struct cv_partner_info *out,
                       struct cv_err *err)
{
    struct cv_record r = { 0 };
    cv_status st = cv_record_read_as(v, id, TYPE, SECTION, reason, &r, err);
    if (st == CV_OK)
        st = fill(out, r.id, r.version, cv_record_section(&r, SECTION));
    cv_record_free(&r);
    return cv_err_note(err, st, "partner");
}

static cv_status by_name(struct cv_vault *v, const char *name, const char *reason,
                         struct cv_partner_info *out, struct cv_err *err)
{
    struct cv_partners list = { 0 };
    size_t found = 0, at = 0;
    cv_status st = cv_partners(v, reason, &list, err);
    for (size_t i = 0; i < list.count; i++) {
        const char *known = cv_json_get_str(list.p[i].directory, "name");
        if (known == NULL || strcmp(known, name) != 0)
            continue;
        at = i;
        found++;
    }
    if (st == CV_OK && found == 0)
        st = cv_fail(err, CV_ERR_NOTFOUND, "there is no partner %.80s that you may see; see `partner list`",
                     name);
    else if (st == CV_OK && found > 1)
        st = cv_fail_n(err, CV_ERR_ARG, found,
                       "%zu partner has the name %.80s: say which by its id, as in `partner list`",
                       "%zu partners have the name %.80s: say which by its id, as in `partner list`", found,
                       name);
    if (st == CV_OK) {
        *out = list.p[at];
        list.p[at].directory = NULL;
    }
    cv_partners_free(&list);
    return st;
}

cv_status cv_partner_find(struct cv_vault *v, const char *id_or_name, const char *reason,
                          struct cv_partner_info *out, struct cv_err *err)
{
    uint8_t raw[CV_ID_BYTES];
    *out = (struct cv_partner_info){ 0 };
    return cv_id_parse(cv_bytes_str(id_or_name), raw, NULL) == CV_OK
               ? by_id(v, id_or_name, reason, out, err)
               : by_name(v, id_or_name, reason, out, err);
}
