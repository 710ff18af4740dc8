#ifndef CV_VAULT_RELEASE_H
#define CV_VAULT_RELEASE_H

#include "crypto/secret.h"
#include "formats/err.h"

/**
 * VAULT/release.keys: 32 random bytes per slot; the only file that is ever overwritten.
 *
 *   offset     length field
 *   0          512    "casevault release keys v1\n" || vault id in hex || "\n" || zeros
 *   512+32*i   32     slot i; zeros once destroyed
 *
 * Slot 0 is no version's: keys of derived files mix it in, so that an erasure, which replaces it, closes
 * those too. The file is filled ahead in synced blocks, so that taking a slot costs no sync of its own.
 */
#define CV_RELEASE_KEY_BYTES 32
#define CV_RELEASE_HEADER_BYTES 512
#define CV_RELEASE_VAULT_BYTES 65 /* a vault id in hex, and a NUL */

struct cv_release {
    int fd;
    uint64_t filled; /* slots in the file */
};

CV_MUST_CHECK cv_status cv_release_create(struct cv_release *r, int vault_dir, const char *vault,
                                          struct cv_err *err);
/** cv_release_open(r, vault_dir, vault, err): CV_OK; CV_ERR_NOTFOUND; CV_ERR_LOG if it is another vault's;
 * CV_ERR_IO. */
CV_MUST_CHECK cv_status cv_release_open(struct cv_release *r, int vault_dir, const char *vault,
                                        struct cv_err *err);
/** cv_release_open_as(r, dir, name, vault, err): the same of a copy with another name, only to be read. */
CV_MUST_CHECK cv_status cv_release_open_as(struct cv_release *r, int dir, const char *name, const char *vault,
                                           struct cv_err *err);
void cv_release_close(struct cv_release *r);

/** cv_release_peek(vault_dir, vault, grown): what the file alone tells, if it is there: the id of its vault,
 * empty if its header is damaged, and whether it is longer than when the vault was founded. CV_OK;
 * CV_ERR_NOTFOUND; CV_ERR_FORMAT for a damaged header. */
CV_MUST_CHECK cv_status cv_release_peek(int vault_dir, char vault[static CV_RELEASE_VAULT_BYTES],
                                        bool *grown);

/** cv_release_fill(r, slots, err): have at least ${slots} slots, durably. The vault's lock is held. */
CV_MUST_CHECK cv_status cv_release_fill(struct cv_release *r, uint64_t slots, struct cv_err *err);

/** cv_release_renew(r, from, err): new random keys from slot ${from} to the end: those of commits that never
 * became whole. The vault's lock is held. */
CV_MUST_CHECK cv_status cv_release_renew(struct cv_release *r, uint64_t from, struct cv_err *err);

/** cv_release_destroy(r, slots, count, err): overwrite them with zeros, durably, then give slot 0 a new key,
 * durably. The vault's lock is held. CV_OK; CV_ERR_IO; CV_ERR_LOG for a slot that is not there. */
CV_MUST_CHECK cv_status cv_release_destroy(struct cv_release *r, const uint64_t *slots, size_t count,
                                           struct cv_err *err);

/** cv_release_get(r, slot, key, err): CV_OK; CV_ERR_NOKEY if it was destroyed; CV_ERR_LOG if there is no such
 * slot. */
CV_MUST_CHECK cv_status cv_release_get(struct cv_release *r, uint64_t slot, struct cv_secret *key,
                                       struct cv_err *err);

/** cv_release_gone(r, slot, count, gone, err): of ${count} slots from ${slot} on, at most
 * CV_RELEASE_GONE_MAX: which were destroyed? CV_OK; CV_ERR_LOG if there are not so many; CV_ERR_IO;
 * CV_ERR_NOMEM. */
#define CV_RELEASE_GONE_MAX 256
CV_MUST_CHECK cv_status cv_release_gone(struct cv_release *r, uint64_t slot, size_t count, bool *gone,
                                        struct cv_err *err);

/** cv_release_hash(r, slot, count, out, err): of ${count} slots from ${slot} on, at most CV_RELEASE_HASH_MAX,
 * the SHA-256: another one as soon as one of them is destroyed. As cv_release_gone. */
#define CV_RELEASE_HASH_MAX 1024
CV_MUST_CHECK cv_status cv_release_hash(struct cv_release *r, uint64_t slot, size_t count,
                                        uint8_t out[static 32], struct cv_err *err);

/** cv_release_state(r, out, err): a word, in hex, that is another one after every erasure, and for an older
 * copy of the file: of SHA-256(slot 0). As cv_release_get. */
#define CV_RELEASE_STATE_BYTES 9
CV_MUST_CHECK cv_status cv_release_state(struct cv_release *r, char out[static CV_RELEASE_STATE_BYTES],
                                         struct cv_err *err);

#endif
