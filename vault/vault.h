#ifndef CV_VAULT_VAULT_H
#define CV_VAULT_VAULT_H

#include "formats/template.h"
#include "vault/keyring.h"
#include "vault/schedule.h"

#define CV_READER_BYTES 64

/** ${what} is done so far as ${done} of ${total}; the last call has done == total. */
typedef void (*cv_work_fn)(void *arg, const char *what, uint64_t done, uint64_t total);

/**
 * A vault opened by a member: custody below, the member's keyring, the template, and the writing session with
 * its batch keys. One per process, and for one thread of it.
 */
struct cv_vault {
    struct cv_custody *custody;
    const struct cv_identity *id; /* borrowed */
    struct cv_ed25519_key
        *recovery;          /* signs in a member's place while recovery is under way; NULL otherwise */
    uint64_t signing_under; /* the policy whose log key signs this process's commits; 0: none yet */
    uint64_t handed_on;     /* under this policy, with so many seals, there was nothing to hand on */
    uint64_t handed_seals;
    size_t recalled; /* secrets that came from the ring kept before */
    struct cv_keyring *keys;
    struct cv_template *template;
    struct cv_writer *writer;
    struct cv_head_rows *rows; /* of the head index; NULL until asked for */
    struct cv_head_own *own;   /* heads that this process wrote; NULL */
    struct cv_grants *grants;  /* what was granted to this member; NULL until loaded */
    uint64_t log_told;         /* events before this entry were told to be read (vault/audit.c) */
    cv_work_fn progress;       /* told of work that takes long; NULL: nobody is */
    void *progress_arg;
    uint64_t listed;                    /* record entries that the head index is known to cover, */
    char listed_as[CV_READER_BYTES];    /* of this reader (vault/heads.c), */
    unsigned listed_in;                 /* in this making of the catalog, */
    uint64_t listed_to;                 /* where it said then that the next would be */
    char uuid[CV_VAULT_HEX_BYTES + 16]; /* urn:casevault:<vault id> */
};

/** cv_vault_open(path, trust, id, out, err): open and verify, join as ${id}. Also seals to newcomers what
 * this member holds and they wait for. CV_OK; as cv_custody_open; CV_ERR_NOKEY if ${id} is no member. */
CV_MUST_CHECK cv_status cv_vault_open(const char *path, const char *trust, const struct cv_identity *id,
                                      struct cv_vault **out, struct cv_err *err);
/** cv_vault_open_mending(path, id, out, err): the same for who is about to say in its log what is missing of
 * it; nothing is written by the opening. As cv_custody_open_mending. */
CV_MUST_CHECK cv_status cv_vault_open_mending(const char *path, const struct cv_identity *id,
                                              struct cv_vault **out, struct cv_err *err);
/** cv_vault_open_recovery(path, trust, id, secret, out, err): the same with the recovery role's secret, which
 * is taken over, by somebody who is no member: its signature stands in a member's place. */
CV_MUST_CHECK cv_status cv_vault_open_recovery(const char *path, const char *trust,
                                               const struct cv_identity *id, struct cv_secret *secret,
                                               struct cv_vault **out, struct cv_err *err);
void cv_vault_close(struct cv_vault *v);

/** cv_vault_init(path, template_text, id, err): found a vault whose first member, ${id}, holds
 * every role. */
CV_MUST_CHECK cv_status cv_vault_init(const char *path, struct cv_bytes template_text,
                                      const struct cv_identity *id, struct cv_err *err);

const struct cv_policy *cv_vault_policy(const struct cv_vault *v);
/** cv_vault_template_text(v, out, err): append the template that the policy names. CV_OK; CV_ERR_LOG. */
CV_MUST_CHECK cv_status cv_vault_template_text(struct cv_vault *v, struct cv_buf *out, struct cv_err *err);
const struct cv_policy_member *cv_vault_me(const struct cv_vault *v);
/** cv_vault_may_read, _create, _edit(v, section): by the policy in force. */
bool cv_vault_may_read(const struct cv_vault *v, const char *section);
bool cv_vault_may_create(const struct cv_vault *v, const char *section);
bool cv_vault_may_edit(const struct cv_vault *v, const char *section);
/** cv_vault_head_section(v, type, out): which section's key seals the head of a record of ${type}: the type's
 * section if it has but one, else `head`; so that every reader of any section of the type may read it, and
 * nobody else. */
const char *cv_vault_head_section(const struct cv_vault *v, const char *type);

/* ---- writing ---- */

/** cv_vault_sign(v, err): sign this process's commits as the policy in force asks: with its log key, as a
 * member of it. CV_OK; CV_ERR_NOKEY if this member is none any more, or has not been given the keys yet. */
CV_MUST_CHECK cv_status cv_vault_sign(struct cv_vault *v, struct cv_err *err);

/** cv_vault_begin, _commit, _abort: as custody's; batch keys of an aborted commit are forgotten. */
CV_MUST_CHECK cv_status cv_vault_begin(struct cv_vault *v, struct cv_err *err);
CV_MUST_CHECK cv_status cv_vault_commit(struct cv_vault *v, struct cv_err *err);
void cv_vault_abort(struct cv_vault *v);

/** cv_writer_need(v, sections, count, batch, err): inside a commit: batch keys for these sections, in one
 * batch-keys entry whose index is ${batch}; made now if the session has none yet. */
CV_MUST_CHECK cv_status cv_writer_need(struct cv_vault *v, const char *const *sections, size_t count,
                                       uint64_t *batch, struct cv_err *err);
/** cv_writer_key(v, section): a view of the session's batch key, after cv_writer_need. */
struct cv_bytes cv_writer_key(const struct cv_vault *v, const char *section);
void cv_writer_free(struct cv_writer *w);
/** cv_writer_forget(v): wipe the session's batch keys: what was written is closed to a writer who may not
 * read. */
void cv_writer_forget(struct cv_vault *v);

/** cv_vault_now(out): the time as RFC 3339 in UTC, seconds. */
#define CV_TIME_BYTES 21
void cv_vault_now(char out[static CV_TIME_BYTES]);

#endif
