#ifndef CV_FORMATS_GRANT_H
#define CV_FORMATS_GRANT_H

#include "formats/date.h"
#include "formats/seals.h"

/**
 * The data of a grant entry, compact JSON:
 *
 *   {"casevault":"grant v1","policy":N,"to":"member"|"role","id":"...","epoch":E,"until":"YYYY-MM-DD"|"-",
 *    "handle":"<base64url of 16 bytes>","key":"<base64url>","items":"<base64url>"}
 *
 * `key` is 32 random bytes sealed to the recipient as in a seals entry, with of = `grant`, name = the handle
 * in hex, of_epoch = 0. `items` is Cobblestone-256 under that key, context "casevault/1/grant" || L(vault id,
 * handle, until), of
 *
 *   {"by":"<pseudonym>","record":"<id>","type":"...","section":"...","items":[{"entry":I,"version":V,
 *    "keys":{"<part>":"<base64url of S>",...}},...]}
 *
 * S are the keys of the schedule (vault/schedule.h): those of `head` and of one section of each named
 * version, never a batch key and never a release key.
 */
#define CV_GRANT_HANDLE_BYTES 16

struct cv_grant {
    uint64_t policy;
    struct cv_seal seal; /* of the key, to the recipient */
    char until[CV_DATE_BYTES];
    uint8_t handle[CV_GRANT_HANDLE_BYTES];
    struct cv_bytes items; /* sealed; a view into bytes after parsing */
    struct cv_buf bytes;
};

CV_MUST_CHECK cv_status cv_grant_write(const struct cv_grant *g, struct cv_buf *out);
/** cv_grant_parse(data, out, err): CV_OK; CV_ERR_FORMAT; CV_ERR_LIMIT; CV_ERR_NOMEM. Free with _free. */
CV_MUST_CHECK cv_status cv_grant_parse(struct cv_bytes data, struct cv_grant *out, struct cv_err *err);
void cv_grant_free(struct cv_grant *g);
/** cv_grant_context(g, vault_id, out): append the context of its items. */
CV_MUST_CHECK cv_status cv_grant_context(const struct cv_grant *g,
                                         const uint8_t vault_id[static CV_VAULT_ID_BYTES],
                                         struct cv_buf *out);
/** cv_grant_name(g): fill seal.of_kind, of and of_epoch from the handle. */
void cv_grant_name(struct cv_grant *g);

#endif
