#ifndef CV_VAULT_FOLLOW_H
#define CV_VAULT_FOLLOW_H

#include "formats/leaf.h"
#include "formats/policy.h"

/* What a follower found. */
struct cv_followed {
    char vault[CV_VAULT_HEX_BYTES];
    uint64_t size, before; /* entries under the checkpoint; those this user had followed before */
    struct cv_hash root;
    bool known;                     /* this user had followed the log before */
    bool new_key;                   /* and knew another key of it */
    uint64_t counts[CV_KIND_COUNT]; /* the new entries, by kind */
};

/**
 * cv_follow(base, log_key, out, err): the log that is published (cv_publish) below ${base}, a directory or
 * URL, without the vault: the checkpoint is signed by the log key, the log goes on from what this user saw of
 * it last, every new entry hashes to the tiles, and the tiles lead to the checkpoint. Key, size and root are
 * then remembered:
 *
 * ${XDG_STATE_HOME:-~/.local/state}/casevault/log-<vault id>: `casevault log v1`, size, root in base64,
 * the key, LF-terminated.
 *
 * ${log_key}: a C2SP verifier key, the first time, and when the vault has a new one; else NULL. CV_OK;
 * CV_ERR_ARG: no such key; CV_ERR_DENIED: none was given and none is remembered; CV_ERR_LOG: gone back,
 * another story, or the file that is not what it should be, by name; CV_ERR_FORMAT: what is remembered is
 * damaged; CV_ERR_IO.
 */
CV_MUST_CHECK cv_status cv_follow(const char *base, const char *log_key, struct cv_followed *out,
                                  struct cv_err *err);

#endif
