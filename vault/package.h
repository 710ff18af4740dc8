#ifndef CV_VAULT_PACKAGE_H
#define CV_VAULT_PACKAGE_H

#include "formats/package.h"
#include "vault/record.h"

/**
 * The act by which something leaves for good, in three steps, each an event and a notice (vault/notice.h)
 * about the case: `disclose` says what is to go, `agree` that somebody else approves of just that, `package`
 * that it was made. What is to go is chosen when it is asked for, field by field; consent is judged then and
 * again when the package is made.
 */

/* What is asked for. Lists are NULL-terminated. */
struct cv_package_request {
    const char *case_id, *partner, *profile; /* partner: record id or name */
    const char *const *without;              /* a section, a SECTION.FIELD, or the id of a record: left out */
    const char *const *statements; /* RECORD.N: the N-th element, from 1, of what leaves only by name */
    const char *basis;             /* the legal basis where consent is missing; NULL */
    const char *expires;           /* last day of use; NULL: in a year */
    const char *reason;
};

/* What would leave. */
struct cv_plan {
    /* as it will stand in the log:
     *   {"package","partner":{"name","record","recipient"},"kind","profile","purpose","expires","until","basis",
     *    "items":[{"record","version","type","fields":[pointers],"subjects":[persons],"needs":[sections]}],
     *    "withheld":[{"record","section","ground"}],"consents":[...],"missing":[{"person","section","why"}]}
     */
    struct cv_json *doc;
    char case_id[CV_ID_TEXT_BYTES];
    /* for those who ask: [{"record","type","title","lines":[{"section","field","ground"}]}]; no ground: it
     * goes; no field: all of the section */
    struct cv_json *shown;
    size_t unread; /* records that could not be read, and so are left out: cv_related */
};
void cv_plan_free(struct cv_plan *plan);

/** cv_plan_make(v, request, out, err): choose. Every record that could go is read, which is an event; nothing
 * else is written. Whether consent is missing stands in the plan. CV_OK; CV_ERR_ARG for a profile, section,
 * field or statement that is not there; CV_ERR_DENIED, logged, for who holds no export key; CV_ERR_NOTFOUND,
 * also if nothing would go; as cv_related, cv_partner_find, cv_consents, cv_record_read. */
CV_MUST_CHECK cv_status cv_plan_make(struct cv_vault *v, const struct cv_package_request *request,
                                     struct cv_plan *out, struct cv_err *err);
/** cv_plan_ask(v, plan, reason, err): put it into the log. CV_OK; CV_ERR_CONSENT, logged, where consent is
 * missing and no legal basis is named. */
CV_MUST_CHECK cv_status cv_plan_ask(struct cv_vault *v, const struct cv_plan *plan, const char *reason,
                                    struct cv_err *err);

/* A package in the log. */
struct cv_dispatch {
    uint64_t index;              /* of the entry that asked */
    char by[CV_PSEUDONYM_BYTES]; /* who asked */
    struct cv_json *doc;         /* the notice: the plan, and "time" */
    struct cv_json *approved;    /* pseudonyms of those who approved, and may now */
    struct cv_json *sent; /* the notice that says it was made: {"time","member","manifest",...}; NULL */
    char sent_by[CV_PSEUDONYM_BYTES];
    unsigned need; /* approvals that the policy asks for */
};
struct cv_dispatches {
    struct cv_dispatch *d;
    size_t count;
};
void cv_dispatches_free(struct cv_dispatches *list);
/** cv_dispatches(v, id, out, err): the package ${id}, or (NULL) all of them, oldest first. Members who may
 * not read `head` see none. CV_OK; CV_ERR_NOTFOUND for an ${id} that is not there; as cv_notices_of. */
CV_MUST_CHECK cv_status cv_dispatches(struct cv_vault *v, const char *id, struct cv_dispatches *out,
                                      struct cv_err *err);
/** cv_dispatch_judge(v, d, reason, consents, err): does what was asked for still stand, for what really goes?
 * Its purpose, the partner, the consents as they are today, which are appended to ${consents}. CV_OK;
 * CV_ERR_CONSENT, logged; as cv_partner_find, cv_related, cv_consents. */
CV_MUST_CHECK cv_status cv_dispatch_judge(struct cv_vault *v, const struct cv_dispatch *d, const char *reason,
                                          struct cv_json *consents, struct cv_err *err);
/** cv_dispatch_approve(v, d, reason, err): what it asks for is judged first. CV_OK; CV_ERR_DENIED, logged, to
 * who may not, or asked; CV_ERR_EXISTS; CV_ERR_CONSENT for one that is over or was made already. */
CV_MUST_CHECK cv_status cv_dispatch_approve(struct cv_vault *v, const struct cv_dispatch *d,
                                            const char *reason, struct cv_err *err);

/* A package that is being made. */
struct cv_outgoing {
    struct cv_package package;
    struct cv_json *manifest; /* without files and page, until cv_outgoing_seal */
    /* that its records name: [{"name","sha256"}], and of what the vault keeps (vault/document.h)
     * "record","version", "section","number","listed" */
    struct cv_json *attachments;
    struct cv_json *told; /* for the log: of each record which fields went */
};
void cv_outgoing_free(struct cv_outgoing *out);

/** cv_outgoing_make(v, d, reason, out, err): judge again, read, select, prove. CV_OK; CV_ERR_CONSENT, logged,
 * where a consent or an approval is missing (now), or a day is over; CV_ERR_EXISTS if it was made before;
 * CV_ERR_DENIED, logged; CV_ERR_NOTFOUND for a version that was erased; as cv_record_read, cv_prove. */
CV_MUST_CHECK cv_status cv_outgoing_make(struct cv_vault *v, const struct cv_dispatch *d, const char *reason,
                                         struct cv_outgoing *out, struct cv_err *err);
/** cv_outgoing_seal(v, out, attachments, count, err): with these files, sign the manifest, write the page. */
CV_MUST_CHECK cv_status cv_outgoing_seal(struct cv_vault *v, struct cv_outgoing *out,
                                         const struct cv_attachment *attachments, size_t count,
                                         struct cv_err *err);
/** cv_outgoing_sent(v, d, out, reason, err): say in the log that it was made: for each record which fields
 * went. CV_OK only when durable: then it may leave. */
CV_MUST_CHECK cv_status cv_outgoing_sent(struct cv_vault *v, const struct cv_dispatch *d,
                                         const struct cv_outgoing *out, const char *reason,
                                         struct cv_err *err);

/* ---- for package*.c alone ---- */

/** cv_may_send(v, profile, id, section, field): the profile carries it, and it is this member's to send: by
 * the right x on the section; or, where the profile names this very field, by the right to read it, or a
 * grant. */
bool cv_may_send(struct cv_vault *v, const char *profile, const char *id, const char *section,
                 const char *field);
/** cv_holds_export(v): packages are bound with the export key, which only roles with some right x hold. */
bool cv_holds_export(const struct cv_vault *v);
/** cv_plan_to(doc): the partner's name, as much of it as an event tells. */
struct cv_bytes cv_plan_to(const struct cv_json *doc);
/** cv_plan_missing(plan's doc, out): the first consent that is missing, in words, to ${out}. */
void cv_plan_missing(const struct cv_json *missing, char *out, size_t size);
/** cv_plan_why(doc, reason, out): what an event's free text says: the legal basis, if there is one, and the
 * reason; NUL-terminated; ${out} stays empty if there is neither. */
CV_MUST_CHECK cv_status cv_plan_why(const struct cv_json *doc, const char *reason, struct cv_buf *out);
/** cv_plan_basis(v, doc, case, why, err): inside a commit, where a legal basis stands in for consent: an
 * event of its own, so that no auditor overlooks it. */
CV_MUST_CHECK cv_status cv_plan_basis(struct cv_vault *v, const struct cv_json *doc, const char *case_id,
                                      const char *why, struct cv_err *err);
/** cv_plan_judge(v, doc, partner, reason, consents, missing, err): of a plan that stands in the log, whoever
 * wrote it: that its records belong to its case, and whose consent to what is needed, as far as they tell
 * today, on top of what the plan says. Appends as cv_cover_all. CV_OK; CV_ERR_CONSENT, logged, for a record
 * of elsewhere; as cv_related, cv_consents. */
struct cv_partner_info;
CV_MUST_CHECK cv_status cv_plan_judge(struct cv_vault *v, const struct cv_json *doc,
                                      const struct cv_partner_info *partner, const char *reason,
                                      struct cv_json *consents, struct cv_json *missing, struct cv_err *err);
/** cv_partner_sealable(p, err): packages can be sealed to it: CV_OK; CV_ERR_ARG. */
CV_MUST_CHECK cv_status cv_partner_sealable(const struct cv_partner_info *p, struct cv_err *err);
/** cv_plan_hash(doc, hash): what an approval approves. */
CV_MUST_CHECK cv_status cv_plan_hash(const struct cv_json *doc, uint8_t hash[static 32]);

#endif
