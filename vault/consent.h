#ifndef CV_VAULT_CONSENT_H
#define CV_VAULT_CONSENT_H

#include "formats/date.h"
#include "vault/record.h"

/* Consents: who may be told what of a person, and until when. Each is an ordinary record of type `consent`,
 * its section `consent`: {"person","state","purpose","partner" or "recipient","sections","from","until",...}.
 * Its last version counts, and what that says on the day that is asked about. */

struct cv_consent {
    char id[CV_ID_TEXT_BYTES];
    uint64_t version, index; /* of the last version that can be read; its entry */
    struct cv_json *data;
    bool doubtful; /* a later version was erased, or may be in a record entry that is damaged: what stands
                      here may have been withdrawn there */
};
void cv_consent_free(struct cv_consent *c);

struct cv_consents {
    struct cv_consent *c;
    size_t count;
};
void cv_consents_free(struct cv_consents *list);

/** cv_consents(v, reason, keep, arg, out, err): those whose data ${keep} says yes to, or all (NULL), in order
 * of their last versions' entries, under one `list` event, if there are any. To somebody who may not read the
 * section it is a refusal, logged: CV_ERR_NOKEY; that there is none would be a guess. One of which nothing
 * can be read is left out, so that nothing rests on it. Otherwise as cv_glance_type. */
typedef bool (*cv_consent_fn)(void *arg, const struct cv_json *data);
CV_MUST_CHECK cv_status cv_consents(struct cv_vault *v, const char *reason, cv_consent_fn keep, void *arg,
                                    struct cv_consents *out, struct cv_err *err);

/** cv_consent_find(v, id, reason, out, err): one, under a `read` event. CV_OK; CV_ERR_NOTFOUND; CV_ERR_ARG if
 * the record is no consent; CV_ERR_NOKEY, logged; as cv_record_read. Free with cv_consent_free. */
CV_MUST_CHECK cv_status cv_consent_find(struct cv_vault *v, const char *id, const char *reason,
                                        struct cv_consent *out, struct cv_err *err);

/** cv_consent_state(data, today): what is written: "in force" on ${today} (YYYY-MM-DD), its first and last
 * day included; "not yet" and "over" outside of them, or where one of them is no date; "refused";
 * "withdrawn"; "not asked", also for what no template here says. */
const char *cv_consent_state(const struct cv_json *data, const char *today);

/** cv_consent_today(c, today): the same, but "doubtful" in the place of "in force" and "not yet" where a
 * withdrawal may be lost. Nothing but "in force" lets anything leave. */
const char *cv_consent_today(const struct cv_consent *c, const char *today);

#endif
