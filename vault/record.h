#ifndef CV_VAULT_RECORD_H
#define CV_VAULT_RECORD_H

#include "formats/crockford.h"
#include "formats/date.h"
#include "formats/package.h"
#include "formats/sdjwt.h"
#include "vault/event.h"

/**
 * Records: JSON documents of a type, section by section. A version is one entry in which every section of its
 * type is present; one that did not change is empty there and *carried*: its content stands in an older
 * version, with that author's signature. Plaintexts, compact JSON, padded:
 *
 *   part `head`:      {"id","type","version","previous","carried":{section:version},"seed"} LF jwt, packed
 *   part `<section>`: {"data":{...},"seed"}
 *
 * `previous` is the SHA-256 of the previous version's JWT (base64url, or "-"), `seed` 32 fresh random bytes,
 * `jwt` the compact issuer-signed JWT over the claims
 *   {"record_id","record_type","version","previous","carried","<section>":{...} for every section of the
 * type}. Salts and decoys, up to what the template can fill, are taken from the key stream of their section's
 * seed.
 */

/* What makes one SD-JWT out of a version's sections. */
struct cv_claims {
    const struct cv_template *template;
    const char *type;
    const struct cv_json *head;     /* its id, version, previous, carried */
    const struct cv_json *sections; /* section -> data; may lack those that cannot be read */
    const struct cv_json *seeds;    /* section (and "head") -> base64url */
};
/** cv_claims_build(c, visible, out, err): a partial one, for adopting, has no head digests if head has no
 * seed. */
CV_MUST_CHECK cv_status cv_claims_build(const struct cv_claims *c, const struct cv_json *visible,
                                        struct cv_sdjwt **out, struct cv_err *err);

/* ---- writing ---- */

struct cv_stored {
    char id[CV_ID_TEXT_BYTES];
    uint64_t version;
    uint64_t slot;  /* its release key's */
    uint64_t index; /* of its entry, once the commit is whole */
    uint8_t handle[CV_HANDLE_BYTES];
};

/** cv_record_put(v, record, out, err): inside a commit: check against the template and the member's rights,
 * sign, seal, add the first version of a record. It may bring its own id if this member reads `head`, and can
 * so know which are taken; of those, the head index as it is now decides (cv_record_ready). Into it is
 * written what it does not say and the template does: dates that are today, coded fields. It may say
 * "training":true, which only a training vault takes. CV_OK; CV_ERR_FORMAT naming the field; CV_ERR_EXISTS;
 * CV_ERR_DENIED naming the section, or for the id: the caller gives up the commit and ends with
 * cv_record_refuse. */
CV_MUST_CHECK cv_status cv_record_put(struct cv_vault *v, struct cv_json *record, struct cv_stored *out,
                                      struct cv_err *err);
/* What a record was imported from (vault/seen.h). */
#define CV_DIGEST_BYTES 16
struct cv_imported {
    uint8_t digest[CV_DIGEST_BYTES]; /* by which it is known again */
    uint64_t file;                   /* tells files apart */
    uint64_t sections;               /* what it hangs on, by their place in the template; never none */
};
/* What an import knows of a record besides. */
struct cv_import {
    const struct cv_imported *from; /* sealed into its head; NULL */
    bool fresh_id;                  /* its id is random and new: it tells nothing of what is taken */
};
/** cv_record_check(v, record, import, err): would cv_record_put_from take it? The same, and nothing is
 * stored; its defaults and coded fields are filled. */
CV_MUST_CHECK cv_status cv_record_check(struct cv_vault *v, struct cv_json *record,
                                        const struct cv_import *import, struct cv_err *err);
/** cv_record_put_from(v, record, import, out, err): cv_record_put of an import. */
CV_MUST_CHECK cv_status cv_record_put_from(struct cv_vault *v, struct cv_json *record,
                                           const struct cv_import *import, struct cv_stored *out,
                                           struct cv_err *err);
/** cv_record_ready(v, err): before a commit in which records may bring ids: learn which are taken, as far as
 * this member may know. */
CV_MUST_CHECK cv_status cv_record_ready(struct cv_vault *v, struct cv_err *err);
/** cv_record_refuse(v, record, action, reason, why, err): log that cv_record_put did not let this member,
 * with
 * ${why} as it said; no commit may be under way. Returns CV_ERR_DENIED; as cv_event_log if it cannot. */
CV_MUST_CHECK cv_status cv_record_refuse(struct cv_vault *v, const struct cv_json *record, const char *action,
                                         const char *reason, const char *why, struct cv_err *err);

/** cv_record_may_create(v, section, reason, err): before anything is read or asked for a new record: CV_OK if
 * this member may write this section of one; else CV_ERR_DENIED, logged, as cv_record_add would say. */
CV_MUST_CHECK cv_status cv_record_may_create(struct cv_vault *v, const char *section, const char *reason,
                                             struct cv_err *err);

/** cv_record_add(v, record, reason, out, err): the same as a commit of its own, with its event, or with that
 * of its refusal. */
CV_MUST_CHECK cv_status cv_record_add(struct cv_vault *v, struct cv_json *record, const char *reason,
                                      struct cv_stored *out, struct cv_err *err);

/** What an edit changes: whole sections, or single fields of sections. */
struct cv_edit {
    const struct cv_json *sections; /* {"<section>":{...},...}, perhaps with the record's id and type; NULL */
    const struct cv_json *fields;   /* {"<section>":{"<field>":value, or null to take it away}}; NULL */
    const struct cv_json *joins;  /* {"<section>":{"<field>":id}}: of a reference, or a list of them; NULL */
    bool part;                    /* the joins are undone */
    const char *detail, *with;    /* of its event: words, and the other record it concerns; NULL */
    const struct cv_json *more;   /* {"<section>":{"<field>":[what the list gets besides]}}; NULL */
    const struct cv_json *pieces; /* of documents that are new in it; vault/document.h; NULL */
    uint64_t base; /* the version that was looked at for it: refused if it is the last no more; 0: any */
};

/** cv_record_edit(v, id, change, reason, out, err): a new version with the changes. What they need of the old
 * one (sections of single fields, and what coded fields are filled from) is read first, in one event.
 * CV_ERR_NOTFOUND; CV_ERR_NOKEY; CV_ERR_LOCKED if somebody else changed the record meanwhile, saying who;
 * otherwise as cv_record_put. */
CV_MUST_CHECK cv_status cv_record_edit(struct cv_vault *v, const char *id, const struct cv_edit *change,
                                       const char *reason, struct cv_stored *out, struct cv_err *err);

/** cv_record_edit_all(v, ids, changes, count, reason, out, err): at most CV_EDITS_MAX records, in one commit.
 * One that nothing would change in keeps its version, and out's is 0. As cv_record_edit; CV_ERR_EXISTS if a
 * join would put another record in a reference's place; CV_ERR_LIMIT if its list is full. */
#define CV_EDITS_MAX 2
CV_MUST_CHECK cv_status cv_record_edit_all(struct cv_vault *v, const char *const *ids,
                                           const struct cv_edit *changes, size_t count, const char *reason,
                                           struct cv_stored *out, struct cv_err *err);

/* ---- reading ---- */

/* What the head index knows of a version. */
struct cv_version {
    uint64_t index, version;
    char id[CV_ID_TEXT_BYTES];
    char type[CV_NAME_BYTES];
    char author[CV_PSEUDONYM_BYTES];
    struct cv_json *carried; /* NULL: nothing is */
};
/* An entry that claims a record id and version which an entry before it in the log has taken, or that does
 * not go on from what that record is: it is no version of it. */
struct cv_lost {
    uint64_t index, version;
    char id[CV_ID_TEXT_BYTES];
    char author[CV_PSEUDONYM_BYTES];
};
struct cv_versions {
    struct cv_version *v; /* by entry; of each record the versions go up */
    size_t count;
    struct cv_lost *lost;
    size_t lost_count;
};
void cv_versions_free(struct cv_versions *list);
/** cv_version_free(version): what it holds; not where it stands. */
void cv_version_free(struct cv_version *version);

/** cv_record_versions(v, id, out, err): of one record in order of versions, or of all by entry if ${id} is
 * NULL. New heads are opened first, under one `list` event. CV_ERR_NOTFOUND if there is no such record, or
 * none this member may see. */
CV_MUST_CHECK cv_status cv_record_versions(struct cv_vault *v, const char *id, struct cv_versions *out,
                                           struct cv_err *err);

/* Of records the last version each, the newest entry last; the versions stay in their list. */
struct cv_latest {
    const struct cv_version **v;
    size_t count;
};
/** cv_versions_latest(list, type, out): of records of this type, or of all (NULL). CV_OK; CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_versions_latest(const struct cv_versions *list, const char *type,
                                           struct cv_latest *out);
void cv_latest_free(struct cv_latest *latest);

/** cv_record_slot(v, entry, slot, err): which release key a version is under; from its open header. CV_OK;
 * CV_ERR_NOTFOUND if the entry is no record; CV_ERR_LOG if it is damaged. */
CV_MUST_CHECK cv_status cv_record_slot(struct cv_vault *v, uint64_t entry, uint64_t *slot,
                                       struct cv_err *err);

/** cv_record_find(v, id, action, reason, out, err): the versions of one record, for ${action}. To somebody
 * who may read nothing it is a refusal, logged: CV_ERR_NOKEY; otherwise as cv_record_versions. */
CV_MUST_CHECK cv_status cv_record_find(struct cv_vault *v, const char *id, const char *action,
                                       const char *reason, struct cv_versions *out, struct cv_err *err);

/** cv_record_may(v, id, section): may this member read it in the last version, by a role or by a grant? */
bool cv_record_may(struct cv_vault *v, const char *id, const char *section);

/** cv_record_find_as(v, id, type, action, reason, out, err): the same of a record that must be of ${type}:
 * CV_ERR_ARG if it is of another. */
CV_MUST_CHECK cv_status cv_record_find_as(struct cv_vault *v, const char *id, const char *type,
                                          const char *action, const char *reason, struct cv_versions *out,
                                          struct cv_err *err);

/* One version that some sections of a record stand in, opened and verified. */
struct cv_source {
    uint64_t index, version;
    char author[CV_PSEUDONYM_BYTES];
    char day[CV_DATE_BYTES]; /* on which the author signed it, by their clock; empty where that was erased */
    struct cv_json *head;
    struct cv_json *sections; /* section -> data */
    struct cv_json *seeds;
    struct cv_sdjwt *sd; /* with its JWT, ready to select from */
};
struct cv_record {
    char id[CV_ID_TEXT_BYTES];
    char type[CV_NAME_BYTES];
    uint64_t version;
    struct cv_source *sources; /* the asked version first */
    size_t source_count;
    struct cv_json *erased; /* array of sections whose version was erased; usually empty */
};
void cv_record_free(struct cv_record *r);

/** cv_record_read(v, id, version, sections, action, reason, out, err): ${version} 0 is the latest;
 * ${sections} NULL is all this member may read, and an empty list no more than the head. The event is durable
 * before anything is opened; a refusal is an event too. CV_OK; CV_ERR_NOTFOUND; CV_ERR_NOKEY naming the
 * section; CV_ERR_LOG where content is not what its author signed, or its author could not write it. */
CV_MUST_CHECK cv_status cv_record_read(struct cv_vault *v, const char *id, uint64_t version,
                                       const char *const *sections, const char *action, const char *reason,
                                       struct cv_record *out, struct cv_err *err);
/** cv_record_read_as(v, id, type, section, reason, out, err): this section of the latest version of a record
 * that must be of ${type}. On CV_OK it is there. As cv_record_find_as and cv_record_read; CV_ERR_NOTFOUND if
 * it was erased. */
CV_MUST_CHECK cv_status cv_record_read_as(struct cv_vault *v, const char *id, const char *type,
                                          const char *section, const char *reason, struct cv_record *out,
                                          struct cv_err *err);
/** cv_record_section(r, section): its data, or NULL. */
const struct cv_json *cv_record_section(const struct cv_record *r, const char *section);
/** cv_record_source(r, section): the version it stands in, or NULL. */
const struct cv_source *cv_record_source(const struct cv_record *r, const char *section);

#endif
