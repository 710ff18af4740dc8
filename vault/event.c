#include "vault/event.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "crypto/random.h"
#include "formats/crockford.h"
#include "formats/words.h"

#define EVENT_FLOOR 1024
#define TEXT_FLOOR 1024
#define EVENT_MAX ((size_t)8 << 20)
#define AUDIT "audit"

size_t cv_event_named_most = 4000;

void cv_vault_now(char out[static CV_TIME_BYTES])
{
    struct tm tm;
    const time_t now = time(NULL);
    gmtime_r(&now, &tm);
    strftime(out, CV_TIME_BYTES, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

/* put_named(named, out): into the object that ${out} ends with. */
static cv_status put_named(struct cv_bytes named, struct cv_buf *out)
{
    char id[CV_ID_TEXT_BYTES];
    cv_buf_truncate(out, out->n - 1); /* its last brace */
    cv_status st = cv_buf_str(out, ",\"ids\":");
    for (size_t i = 0; i + CV_ID_BYTES <= named.n && st == CV_OK; i += CV_ID_BYTES) {
        cv_id_text(named.p + i, id);
        st = cv_buf_printf(out, "%c\"%s\"", i == 0 ? '[' : ',', id);
    }
    return CV_THEN(st, cv_buf_str(out, "]}"));
}

/* body(v, e, out): the event as JSON. */
static cv_status body(const struct cv_vault *v, const struct cv_event *e, struct cv_buf *out)
{
    char now[CV_TIME_BYTES];
    struct cv_json *o = cv_json_object();
    cv_vault_now(now);
    cv_status st = cv_json_set(o, "time", cv_json_str(now));
    st = CV_THEN(st, cv_json_set(o, "member", cv_json_str(v->id->public.pseudonym)));
    st = CV_THEN(st, cv_json_set(o, "action", cv_json_str(e->action)));
    if (e->record != NULL)
        st = CV_THEN(st, cv_json_set(o, "record", cv_json_str(e->record)));
    if (e->version != 0)
        st = CV_THEN(st, cv_json_set(o, "version", cv_json_int((int64_t)e->version)));
    if (e->sections != NULL)
        st = CV_THEN(st, cv_json_set(o, "sections", cv_json_copy(e->sections)));
    if (e->ids != NULL)
        st = CV_THEN(st, cv_json_set(o, "ids", cv_json_copy(e->ids)));
    if (cv_json_len(e->refs) > 0)
        st = CV_THEN(st, cv_json_set(o, "refs", cv_json_copy(e->refs)));
    if (e->detail != NULL)
        st = CV_THEN(st, cv_json_set(o, "detail", cv_json_str(e->detail)));
    st = CV_THEN(st, cv_json_write(o, out));
    if (e->named.n > 0)
        st = CV_THEN(st, put_named(e->named, out));
    cv_json_free(o);
    return st;
}

/* seal(v, env, part, release, floor, plain, out): one part under the session's audit key. */
static cv_status seal(const struct cv_vault *v, const struct cv_envelope *env, const char *part,
                      struct cv_bytes release, size_t floor, struct cv_bytes plain, struct cv_buf *out)
{
    const struct cv_place_of x = { cv_vault_policy(v)->vault_id, env->handle, part };
    struct cv_secret section = { 0 };
    cv_status st = cv_schedule_section(cv_writer_key(v, AUDIT), &x, &section);
    st = CV_THEN(st, cv_part_seal(cv_secret_view(&section), release, &x, floor, plain, out));
    cv_secret_free(&section);
    return st;
}

static void set_part(struct cv_envelope *env, const char *name, struct cv_bytes sealed)
{
    struct cv_part *p = &env->parts[env->count++];
    memset(p, 0, sizeof(*p));
    strcpy(p->name, name);
    strcpy(p->section, AUDIT);
    p->sealed = sealed;
}

/* text_key(v, e, slot, key): the release key that the free text is under. */
static cv_status text_key(struct cv_vault *v, const struct cv_event *e, uint64_t *slot, struct cv_secret *key,
                          struct cv_err *err)
{
    *slot = e->slot;
    if (e->slot != 0 && cv_release_get(&v->custody->release, e->slot, key, NULL) == CV_OK)
        return CV_OK;
    return cv_custody_take_slot(v->custody, slot, key, err);
}

/* seal_text(v, env, e, out): the free text. */
static cv_status seal_text(struct cv_vault *v, struct cv_envelope *env, const struct cv_event *e,
                           struct cv_buf *out, struct cv_err *err)
{
    const struct cv_place_of x = { cv_vault_policy(v)->vault_id, env->handle, "text" };
    struct cv_secret key = { 0 }, release = { 0 };
    struct cv_buf plain = { 0 };
    struct cv_json *o = cv_json_object();
    cv_status st = e->reason != NULL ? cv_json_set(o, "reason", cv_json_str(e->reason)) : CV_OK;
    if (e->terms != NULL)
        st = CV_THEN(st, cv_json_set(o, "terms", cv_json_str(e->terms)));
    st = CV_THEN(st, cv_json_write(o, &plain));
    st = CV_THEN(st, text_key(v, e, &env->slot, &key, err));
    st = CV_THEN(st, cv_schedule_release(cv_secret_view(&key), &x, &release));
    st = CV_THEN(st, seal(v, env, "text", cv_secret_view(&release), TEXT_FLOOR, cv_buf_view(&plain), out));
    cv_secret_free(&key);
    cv_secret_free(&release);
    cv_buf_free(&plain);
    cv_json_free(o);
    return st;
}

cv_status cv_event_add(struct cv_vault *v, const struct cv_event *e, struct cv_err *err)
{
    static const char *const sections[] = { AUDIT };
    struct cv_envelope *env = NULL;
    struct cv_buf plain = { .max = EVENT_MAX }, sealed = { 0 }, text = { 0 }, data = { 0 };
    struct cv_envelope on_stack = { .slot = CV_NO_SLOT };
    env = &on_stack;
    cv_status st = cv_writer_need(v, sections, 1, &env->batch, err);
    st = CV_THEN(st, cv_random(env->handle, sizeof(env->handle)));
    st = CV_THEN(st, body(v, e, &plain));
    st =
        CV_THEN(st, seal(v, env, "event", (struct cv_bytes){ 0 }, EVENT_FLOOR, cv_buf_view(&plain), &sealed));
    if (st == CV_OK && (e->reason != NULL || e->terms != NULL))
        st = seal_text(v, env, e, &text, err);
    set_part(env, "event", cv_buf_view(&sealed));
    if (text.n > 0)
        set_part(env, "text", cv_buf_view(&text));
    st = CV_THEN(st, cv_envelope_write(env, &data));
    st = CV_THEN(st, cv_custody_add(v->custody, CV_KIND_EVENT, cv_buf_view(&data), NULL, NULL, err));
    cv_buf_free(&plain);
    cv_buf_free(&sealed);
    cv_buf_free(&text);
    cv_buf_free(&data);
    return cv_err_note(err, st, "event");
}

cv_status cv_event_log(struct cv_vault *v, const struct cv_event *e, struct cv_err *err)
{
    cv_status st = cv_vault_begin(v, err);
    if (st != CV_OK)
        return st;
    st = cv_event_add(v, e, err);
    if (st == CV_OK)
        return cv_vault_commit(v, err);
    cv_vault_abort(v);
    return st;
}

cv_status cv_event_refuse(struct cv_vault *v, const struct cv_refusal *r, cv_status st, struct cv_err *err,
                          const char *fmt, ...)
{
    struct cv_json *sections = r->section != NULL ? cv_json_array() : NULL;
    char detail[64], why[sizeof(err->msg)];
    snprintf(detail, sizeof(detail), "no right to %s", r->to);
    const struct cv_event event = { .action = "refused",
                                    .record = r->record,
                                    .ids = r->ids,
                                    .version = r->version,
                                    .sections = sections,
                                    .detail = detail,
                                    .reason = r->reason,
                                    .slot = r->slot };
    cv_status logged = r->section != NULL ? cv_json_push(sections, cv_json_str(r->section)) : CV_OK;
    logged = CV_THEN(logged, cv_event_log(v, &event, err));
    cv_json_free(sections);
    if (logged != CV_OK)
        return cv_err_note(err, logged, "refusal");
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(why, sizeof(why), _(fmt), ap);
    va_end(ap);
    return cv_fail(err, st, "%s", why);
}

/* hand_out(v, want, i, fn, arg): to be called only behind an event that is durable. */
static cv_status hand_out(struct cv_vault *v, const struct cv_want *want, size_t i, cv_released_fn fn,
                          void *arg, struct cv_err *err)
{
    const struct cv_place_of x = { cv_vault_policy(v)->vault_id, want->handle, want->part };
    struct cv_secret key = { 0 }, release = { 0 };
    cv_status st = cv_release_get(&v->custody->release, want->slot, &key, NULL);
    if (st == CV_OK)
        st = cv_schedule_release(cv_secret_view(&key), &x, &release);
    else if (st == CV_ERR_NOKEY)
        st = CV_OK; /* erased */
    else
        st = cv_fail(err, st, "release.keys: slot %" PRIu64 " cannot be read", want->slot);
    st = CV_THEN(st, fn(arg, i, cv_secret_view(&release), err));
    cv_secret_free(&key);
    cv_secret_free(&release);
    return st;
}

cv_status cv_release(struct cv_vault *v, const struct cv_event *event, const struct cv_want *wants,
                     size_t count, cv_released_fn fn, void *arg, struct cv_err *err)
{
    cv_status st = cv_event_log(v, event, err);
    for (size_t i = 0; i < count && st == CV_OK; i++)
        st = hand_out(v, &wants[i], i, fn, arg, err);
    return st;
}

cv_status cv_release_each(struct cv_vault *v, const struct cv_event *event, cv_want_fn next,
                          cv_released_fn fn, void *arg, struct cv_err *err)
{
    struct cv_want want;
    cv_status st = cv_event_log(v, event, err);
    if (st != CV_OK)
        return st;
    for (size_t i = 0; (st = next(arg, &want, err)) == CV_OK; i++) {
        st = hand_out(v, &want, i, fn, arg, err);
        if (st != CV_OK)
            return st == CV_ERR_NOTFOUND ? CV_ERR_INTERNAL : st;
    }
    return st == CV_ERR_NOTFOUND ? CV_OK : st;
}

/* open_part(v, env, part, release, out): one part of an event as JSON. */
static cv_status open_part(struct cv_vault *v, const struct cv_envelope *env, const struct cv_part *part,
                           struct cv_bytes release, struct cv_json **out, struct cv_err *err)
{
    const struct cv_place_of x = { cv_vault_policy(v)->vault_id, env->handle, part->name };
    struct cv_bytes batch;
    struct cv_secret section = { 0 };
    struct cv_buf plain = { .max = EVENT_MAX };
    cv_status st = cv_keyring_batch(v->keys, env->batch, AUDIT, &batch, err);
    st = CV_THEN(st, cv_schedule_section(batch, &x, &section));
    st = CV_THEN(st, cv_part_open(cv_secret_view(&section), release, &x, part->sealed, &plain));
    st = CV_THEN(st, cv_json_parse(cv_buf_view(&plain), EVENT_MAX, "event", out, err));
    cv_secret_free(&section);
    cv_buf_free(&plain);
    return st;
}

/* keep_known(event): only what an event holds by docs/FORMAT.md. Who reads the log adds to events what they
 * found, as that somebody else wrote one: a writer must not be able to say that of themselves, or of others.
 */
static cv_status keep_known(struct cv_json **event)
{
    static const char *const names[] = { "time",     "member", "action", "record", "version",
                                         "sections", "ids",    "refs",   "detail" };
    if (!cv_json_is(*event, CV_JSON_OBJECT))
        return CV_OK;
    struct cv_json *o = cv_json_object();
    cv_status st = o == NULL ? CV_ERR_NOMEM : CV_OK;
    for (size_t i = 0; i < sizeof(names) / sizeof(*names) && st == CV_OK; i++)
        if (cv_json_get(*event, names[i]) != NULL)
            st = cv_json_set(o, names[i], cv_json_ref(cv_json_get(*event, names[i])));
    if (st != CV_OK) {
        cv_json_free(o);
        return st;
    }
    cv_json_free(*event);
    *event = o;
    return CV_OK;
}

cv_status cv_event_read(struct cv_vault *v, uint64_t index, struct cv_json **event, struct cv_json **text,
                        struct cv_err *err)
{
    struct cv_buf data = { 0 };
    struct cv_envelope env;
    struct cv_secret key = { 0 }, release = { 0 };
    *event = NULL;
    *text = NULL;
    cv_status st = cv_custody_read(v->custody, index, CV_KIND_EVENT, &data, err);
    st = CV_THEN(st, cv_envelope_parse(cv_buf_view(&data), &env, err));
    const struct cv_part *body_part = st == CV_OK ? cv_envelope_part(&env, "event") : NULL;
    const struct cv_part *text_part = st == CV_OK ? cv_envelope_part(&env, "text") : NULL;
    if (st == CV_OK && body_part == NULL)
        st = cv_fail(err, CV_ERR_LOG, "entry %" PRIu64 " (event): has no event in it", index);
    st = CV_THEN(st, open_part(v, &env, body_part, (struct cv_bytes){ 0 }, event, err));
    st = CV_THEN(st, keep_known(event));
    if (st == CV_OK && text_part != NULL) {
        const struct cv_place_of x = { cv_vault_policy(v)->vault_id, env.handle, "text" };
        st = cv_release_get(&v->custody->release, env.slot, &key, err);
        if (st == CV_ERR_NOKEY)
            st = CV_OK; /* erased: the event stays, the words are gone */
        else {
            st = CV_THEN(st, cv_schedule_release(cv_secret_view(&key), &x, &release));
            st = CV_THEN(st, open_part(v, &env, text_part, cv_secret_view(&release), text, err));
        }
    }
    if (st == CV_ERR_AUTH || st == CV_ERR_FORMAT)
        st = cv_fail(err, CV_ERR_LOG,
                     "entry %" PRIu64 " (event): does not open: damaged or not made by casevault", index);
    if (st != CV_OK) {
        cv_json_free(*event);
        *event = NULL;
    }
    cv_secret_free(&key);
    cv_secret_free(&release);
    cv_buf_free(&data);
    return st;
}
