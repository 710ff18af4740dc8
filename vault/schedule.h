#ifndef CV_VAULT_SCHEDULE_H
#define CV_VAULT_SCHEDULE_H

#include "crypto/secret.h"
#include "formats/envelope.h"
#include "formats/policy.h"

/**
 * The key schedule of one part of a record or event:
 *
 *   X  = L(vault id, version handle, part)
 *   S  = HKDF-Expand(B, "casevault/1/section" || X)     B: the batch key of the part's section
 *   Rs = HKDF-Expand(R, "casevault/1/release" || X)     R: the version's release key
 *   K  = HKDF(salt Rs, input S, "casevault/1/seal" || X)
 *
 * Rs is 32 zeros where no release key is used;
 * all over SHA-256, 32 bytes; the part is Cobblestone-256 under K with context
 * "casevault/1/blob" || X || L(u32 part number 0, u8 last 1).
 */
#define CV_PART_KEY_BYTES 32

/* Which part of which entry. */
struct cv_place_of {
    const uint8_t *vault_id; /* CV_VAULT_ID_BYTES */
    const uint8_t *handle;   /* CV_HANDLE_BYTES */
    const char *part;
};

CV_MUST_CHECK cv_status cv_schedule_section(struct cv_bytes batch_key, const struct cv_place_of *x,
                                            struct cv_secret *section);
/** cv_schedule_imported(batch key, x, pad): what hides a mark of an import; vault/imported.h. Wipe it. */
CV_MUST_CHECK cv_status cv_schedule_imported(struct cv_bytes batch_key, const struct cv_place_of *x,
                                             uint8_t pad[static CV_PART_KEY_BYTES]);
CV_MUST_CHECK cv_status cv_schedule_release(struct cv_bytes release_key, const struct cv_place_of *x,
                                            struct cv_secret *release);

/** cv_part_seal(section, release, x, floor, plain, out): pad to ${floor} or by Padmé, seal, append to ${out}.
 * An empty
 * ${release} stands for 32 zeros. */
CV_MUST_CHECK cv_status cv_part_seal(struct cv_bytes section, struct cv_bytes release,
                                     const struct cv_place_of *x, size_t floor, struct cv_bytes plain,
                                     struct cv_buf *out);
/** cv_part_open(section, release, x, sealed, out): append the plaintext. CV_OK; CV_ERR_AUTH; CV_ERR_FORMAT.
 */
CV_MUST_CHECK cv_status cv_part_open(struct cv_bytes section, struct cv_bytes release,
                                     const struct cv_place_of *x, struct cv_bytes sealed, struct cv_buf *out);

/* The part of a document's pieces. */
#define CV_PIECE_PART "piece"

/**
 * A piece of a document is Cobblestone-256 under the same K, context "casevault/1/blob" || X ||
 * L(u32 number, u8 last): none opens in another's place, and none but the last as the last.
 *
 * cv_piece_seal(section, release, x, number, last, padded, out): append the message to ${out}. ${padded} is
 * as cv_pad makes it.
 * cv_piece_open(...): append the padded plaintext. CV_OK; CV_ERR_AUTH; CV_ERR_FORMAT.
 */
struct cv_piece_place {
    struct cv_place_of x;
    uint32_t number;
    bool last;
};
CV_MUST_CHECK cv_status cv_piece_seal(struct cv_bytes section, struct cv_bytes release,
                                      const struct cv_piece_place *place, struct cv_bytes padded,
                                      struct cv_buf *out);
CV_MUST_CHECK cv_status cv_piece_open(struct cv_bytes section, struct cv_bytes release,
                                      const struct cv_piece_place *place, struct cv_bytes sealed,
                                      struct cv_buf *out);

#endif
