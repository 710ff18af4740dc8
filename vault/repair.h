#ifndef CV_VAULT_REPAIR_H
#define CV_VAULT_REPAIR_H

#include "vault/audit.h"
#include "vault/release.h"
#include "vault/vault.h"

/* What a repair did. */
struct cv_repaired {
    struct cv_audit audit; /* of the vault as it is now */
    uint64_t damaged;      /* entries that were, and cuts */
    uint64_t segments;     /* files of the archive that were put anew */
    bool keys;             /* release.keys too */
    uint64_t keys_gone;    /* of these, keys that no copy had: their versions do not open any more */
    bool cut;              /* the archive had been cut, or a file of it was gone */
};

/** Told of each file that was set aside: its name in the vault, and in set-aside/. */
typedef void (*cv_aside_fn)(void *arg, const char *name, const char *aside);

/**
 * cv_repair_from(path, backup, aside, progress, arg, out, err): what is damaged in the vault at ${path} is
 * taken from the backup, which must verify. The mended vault is put together in ${path}/mending, and verified
 * as a whole, against what this user saw too; then each damaged file gets a second name in
 * ${path}/set-aside, where nothing is ever overwritten, and the mended one takes its place. The vault's lock
 * is held. Broken off anywhere, it can be run again.
 * CV_OK; CV_ERR_NOTFOUND: nothing is damaged, and nothing was done; CV_ERR_LOG: what is damaged is not
 * (whole) in the backup; as cv_backup_verify; CV_ERR_LOCKED; CV_ERR_IO.
 */
CV_MUST_CHECK cv_status cv_repair_from(const char *path, const char *backup, cv_aside_fn aside,
                                       cv_work_fn progress, void *arg, struct cv_repaired *out,
                                       struct cv_err *err);

/**
 * cv_repair_without(path, id, lost, aside, progress, arg, out, err): where there is no backup. In the place
 * of each entry that is damaged or gone, something is put that holds it; all that is whole stays, byte for
 * byte, and is verified as a whole. Then, in the name of ${id}, a loss entry says in the log what is not
 * there any more, and an event who said so. ${lost} is told of each. Broken off, the vault is as before, or
 * does not verify until it is run again. CV_OK; CV_ERR_NOTFOUND: nothing is damaged; CV_ERR_LOG: what is
 * damaged cannot be done without; as cv_repair_from; CV_ERR_NOKEY.
 */
CV_MUST_CHECK cv_status cv_repair_without(const char *path, const struct cv_identity *id, cv_damage_fn lost,
                                          cv_aside_fn aside, cv_work_fn progress, void *arg,
                                          struct cv_repaired *out, struct cv_err *err);

#endif
