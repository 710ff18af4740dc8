#ifndef CV_VAULT_IMPORTED_H
#define CV_VAULT_IMPORTED_H

#include "formats/envelope.h"
#include "vault/record.h"

/**
 * What a record was imported from, as it stands in its sealed head. Who writes it need not be able to read
 * anything, and who reads the head learns nothing of it, unless they read the sections that it hangs on:
 *
 *   pad(s) = HKDF-Expand(B, "casevault/1/imported" || X), 32 bytes; B: the batch key of section s; X: with s
 *   bytes  0-15   the digest,             XOR pad(s) of each section that it hangs on
 *         16-23   the file,               XOR the same
 *         24-31   those sections, a bit each by their place in the template, XOR the last bit of pad(s), for
 * every s that the batch has a key for
 *
 * Who cannot read one of the sections does not even learn whether it hangs on it: they are left with a digest
 * that nothing has.
 */
#define CV_IMPORTED_BYTES 32

/** cv_imported_hide(v, handle, from, out): inside a commit whose batch has the sections that it hangs on. */
CV_MUST_CHECK cv_status cv_imported_hide(const struct cv_vault *v,
                                         const uint8_t handle[static CV_HANDLE_BYTES],
                                         const struct cv_imported *from,
                                         uint8_t out[static CV_IMPORTED_BYTES]);
/** cv_imported_show(v, batch, handle, mark, out): as far as this member's sections go. CV_OK; CV_ERR_NOKEY if
 * they read none; CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_imported_show(struct cv_vault *v, uint64_t batch,
                                         const uint8_t handle[static CV_HANDLE_BYTES],
                                         const uint8_t mark[static CV_IMPORTED_BYTES],
                                         struct cv_imported *out);

#endif
