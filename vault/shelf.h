#ifndef CV_VAULT_SHELF_H
#define CV_VAULT_SHELF_H

#include "formats/merkle.h"
#include "vault/release.h"

/**
 * A backup's directory (docs/FORMAT.md, section 27):
 *
 *   casevault-backup          what it is, of which vault, and how far it is finished
 *   archive/00000001.tar ...  the segments; what stands behind the finished part is made or cut anew
 *   keys/000001-20261125T200000Z.keys  release keys, a whole copy from each backup, the newest last
 */
struct cv_shelf {
    char path[4096];
    int dir, archive, keys; /* directories; the first holds the lock */
    char vault[CV_RELEASE_VAULT_BYTES];
    /* the finished part: where its last commit ends, and the head of its log; all 0 before the first */
    uint32_t segment;
    uint64_t offset, size;
    struct cv_hash root;
};
#define CV_SHELF_NONE ((struct cv_shelf){ .dir = -1, .archive = -1, .keys = -1 })

/** cv_shelf_claim(path, vault, out, err): make it, or go on with it. CV_OK; CV_ERR_EXISTS if something else
 * is there, or a backup of another vault; CV_ERR_LOCKED; CV_ERR_LOG if it is damaged; CV_ERR_IO. */
CV_MUST_CHECK cv_status cv_shelf_claim(const char *path, const char *vault, struct cv_shelf *out,
                                       struct cv_err *err);
/** cv_shelf_open(path, out, err): to read it. CV_OK; CV_ERR_NOVAULT if it is none, or none was finished;
 * CV_ERR_LOCKED while one is being written; CV_ERR_LOG; CV_ERR_IO. */
CV_MUST_CHECK cv_status cv_shelf_open(const char *path, struct cv_shelf *out, struct cv_err *err);
void cv_shelf_close(struct cv_shelf *s);

/** cv_shelf_finish(s, err): what ${s} says is finished, durably. */
CV_MUST_CHECK cv_status cv_shelf_finish(struct cv_shelf *s, struct cv_err *err);

/* Its files of release keys, oldest first. */
#define CV_SHELF_KEYS_MAX 1000
#define CV_SHELF_NAME_BYTES 32
struct cv_shelf_keys {
    char name[CV_SHELF_KEYS_MAX][CV_SHELF_NAME_BYTES];
    size_t count;
};
/** cv_shelf_keys(s, out, err): CV_OK; CV_ERR_LIMIT; CV_ERR_IO. */
CV_MUST_CHECK cv_status cv_shelf_keys(const struct cv_shelf *s, struct cv_shelf_keys *out,
                                      struct cv_err *err);
/** cv_shelf_put_keys(s, vault_dir, slots, err): copy so many keys of the vault's; they have no name yet.
 * cv_shelf_name_keys(s, name, err): give them one; from here on they are the newest. */
CV_MUST_CHECK cv_status cv_shelf_put_keys(const struct cv_shelf *s, int vault_dir, uint64_t slots,
                                          struct cv_err *err);
/** cv_shelf_drop_keys(s): those that have no name yet, if any. */
void cv_shelf_drop_keys(const struct cv_shelf *s);
CV_MUST_CHECK cv_status cv_shelf_name_keys(const struct cv_shelf *s, char name[static CV_SHELF_NAME_BYTES],
                                           struct cv_err *err);
/** cv_shelf_rotate(s, keep, removed, err): overwrite and remove all but the ${keep} newest. */
CV_MUST_CHECK cv_status cv_shelf_rotate(const struct cv_shelf *s, size_t keep, size_t *removed,
                                        struct cv_err *err);
/** cv_shelf_open_still(s, out, err): how many keys that the newest file has as destroyed, an older one still
 * has. */
CV_MUST_CHECK cv_status cv_shelf_open_still(const struct cv_shelf *s, uint64_t *out, struct cv_err *err);

#endif
