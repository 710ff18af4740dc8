#ifndef CV_VAULT_BACKUP_H
#define CV_VAULT_BACKUP_H

#include "vault/audit.h"
#include "vault/shelf.h"
#include "vault/vault.h"

/* What a backup did, or was found to hold. */
struct cv_backed {
    struct cv_audit audit; /* of the vault, or of the backup */
    uint64_t segments;
    uint64_t copied;                /* bytes of the archive */
    uint64_t before;                /* entries that the backup held before; 0: it is a new one */
    bool same_disk;                 /* it lies on the same file system as the vault */
    char keys[CV_SHELF_NAME_BYTES]; /* the newest file of release keys */
    uint64_t key_files;
    uint64_t still; /* erased versions and documents whose keys an older file still has */
    uint64_t ahead; /* entry that this user saw last, if the backup does not go so far; 0: it does */
};

/**
 * cv_backup(path, dir, keep, progress, arg, out, err): verify the vault at ${path} (as cv_audit_verify, a
 * write that was cut short at its end left out), and bring the backup in ${dir} up to date with it: what is
 * new of the archive, then a whole copy of its release keys, of which the ${keep} newest stay. Needs no key.
 * Broken off anywhere, the backup is what it was, and the next one goes on. CV_OK only when all of it is
 * durable; as cv_audit_verify and cv_shelf_claim; CV_ERR_LOG if the backup does not go over into this vault.
 */
CV_MUST_CHECK cv_status cv_backup(const char *path, const char *dir, size_t keep, cv_work_fn progress,
                                  void *arg, struct cv_backed *out, struct cv_err *err);

/** cv_backup_verify(dir, progress, arg, out, err): with no key: its log is whole and ends with the head it
 * was finished with; the newest release keys are there, but for those that were erased. CV_OK;
 * CV_ERR_NOVAULT: no backup; CV_ERR_LOG. */
CV_MUST_CHECK cv_status cv_backup_verify(const char *dir, cv_progress_fn progress, void *arg,
                                         struct cv_backed *out, struct cv_err *err);

/**
 * cv_restore(backup, dir, trust, id, progress, arg, out, err): a vault of what the backup holds, made beside
 * ${dir}, verified, and only then given that name, which must be free. A backup that ends before what this
 * user saw last is refused with out->ahead set, unless ${id} is given: then this member's first act in the
 * vault is an event that tells of it. CV_OK; CV_ERR_EXISTS; CV_ERR_LOG; CV_ERR_DENIED: ${trust} is another
 * fingerprint; CV_ERR_IO.
 */
CV_MUST_CHECK cv_status cv_restore(const char *backup, const char *dir, const char *trust,
                                   const struct cv_identity *id, cv_work_fn progress, void *arg,
                                   struct cv_backed *out, struct cv_err *err);

#endif
