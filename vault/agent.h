#ifndef CV_VAULT_AGENT_H
#define CV_VAULT_AGENT_H

#include "formats/identity.h"

/**
 * The agent holds one member's private keys for a while, so that the passphrase is asked for once. It signs,
 * opens what was sealed to the member, and derives keys of cache files; it never gives a private key out. It
 * listens on
 * ${XDG_RUNTIME_DIR}/casevault/<16 hex digits of the SHA-256 of the identity file>.sock (0600, in a directory
 * 0700) and answers processes of its own user only. A message is a u32 length (big-endian) and as many bytes:
 *
 *   question  u8 operation, then its fields L()
 *   answer    u8 status (enum cv_status), then its bytes
 *
 *   - hello (): the public line, LF, and as text the seconds it stays without a command, and in any case;
 *   - sign (message): 64 bytes;
 *   - unseal (info, sealed): the secret;
 *   - derive (salt, info): 32 bytes;
 *   - lock (): nothing; it forgets and ends.
 *
 * The message to be signed is the rest of the question, without a length of its own: a policy may be long.
 */
#define CV_AGENT_MESSAGE_MAX ((size_t)5 << 20)
#define CV_AGENT_PATH_MAX 104 /* of a socket */

enum cv_agent_op { CV_AGENT_HELLO = 1, CV_AGENT_SIGN, CV_AGENT_UNSEAL, CV_AGENT_DERIVE, CV_AGENT_LOCK };

/** cv_agent_path(file, out, err): the socket for an identity file's bytes; its directory is made. CV_OK;
 * CV_ERR_IO where XDG_RUNTIME_DIR is not set, or not this user's own. */
CV_MUST_CHECK cv_status cv_agent_path(struct cv_bytes file, char out[static CV_AGENT_PATH_MAX],
                                      struct cv_err *err);

/** cv_agent_seconds(text, idle, most): two numbers, as the agent gets and tells them: "900 36000". */
bool cv_agent_seconds(const char *text, uint64_t *idle, uint64_t *most);

/* How long an agent keeps what it holds. */
struct cv_agent_left {
    uint64_t idle, most; /* seconds */
};

/** cv_agent_connect(path, out, left, err): an identity whose private half is with the agent; ${left} may be
 * NULL. CV_OK; CV_ERR_NOTFOUND if none answers there; CV_ERR_IO; CV_ERR_DENIED if it is another user's;
 * CV_ERR_FORMAT. */
CV_MUST_CHECK cv_status cv_agent_connect(const char *path, struct cv_identity *out,
                                         struct cv_agent_left *left, struct cv_err *err);
/** cv_agent_lock(path, err): have it forget. CV_OK; CV_ERR_NOTFOUND; CV_ERR_IO. */
CV_MUST_CHECK cv_status cv_agent_lock(const char *path, struct cv_err *err);
/** cv_agent_lock_all(count, err): have every agent of this user forget; how many did. CV_OK; the status of
 * one that did not, after all were asked; as cv_agent_path. */
CV_MUST_CHECK cv_status cv_agent_lock_all(size_t *count, struct cv_err *err);

/* ---- the agent's own side ---- */

struct cv_agent_life {
    uint64_t idle, most; /* seconds without a question, and in all */
};

/** cv_agent_listen(path, fd, err): take the place, in one step; a dead socket there is replaced. CV_OK;
 * CV_ERR_EXISTS if an agent answers there; CV_ERR_IO. */
CV_MUST_CHECK cv_status cv_agent_listen(const char *path, int *fd, struct cv_err *err);

/** cv_agent_serve(fd, id, life): answer until told to lock, by a signal (SIGHUP, SIGTERM, SIGINT), or by
 * time. */
CV_MUST_CHECK cv_status cv_agent_serve(int fd, const struct cv_identity *id,
                                       const struct cv_agent_life *life);

#endif
