#include "vault/schedule.h"

#include "crypto/cobblestone.h"
#include "crypto/hkdf.h"
#include "crypto/padme.h"

static const uint8_t no_release[CV_PART_KEY_BYTES];

/* label_x(label, x, out): label || X. */
static cv_status label_x(const char *label, const struct cv_place_of *x, struct cv_buf *out)
{
    cv_status st = cv_buf_str(out, label);
    st = CV_THEN(st, cv_buf_field(out, CV_BYTES(x->vault_id, CV_VAULT_ID_BYTES)));
    st = CV_THEN(st, cv_buf_field(out, CV_BYTES(x->handle, CV_HANDLE_BYTES)));
    return CV_THEN(st, cv_buf_field(out, cv_bytes_str(x->part)));
}

static cv_status expand(struct cv_bytes key, const char *label, const struct cv_place_of *x,
                        struct cv_secret *out)
{
    struct cv_buf info = { 0 };
    *out = (struct cv_secret){ 0 };
    cv_status st = label_x(label, x, &info);
    st = CV_THEN(st, cv_secret_alloc(out, CV_PART_KEY_BYTES));
    st = CV_THEN(st, cv_hkdf_expand(CV_HKDF_SHA256, key, cv_buf_view(&info), out->p, out->n));
    cv_buf_free(&info);
    if (st != CV_OK)
        cv_secret_free(out);
    return st;
}

cv_status cv_schedule_section(struct cv_bytes batch_key, const struct cv_place_of *x,
                              struct cv_secret *section)
{
    return expand(batch_key, "casevault/1/section", x, section);
}

cv_status cv_schedule_imported(struct cv_bytes batch_key, const struct cv_place_of *x,
                               uint8_t pad[static CV_PART_KEY_BYTES])
{
    struct cv_buf info = { 0 };
    cv_status st = label_x("casevault/1/imported", x, &info);
    st = CV_THEN(st, cv_hkdf_expand(CV_HKDF_SHA256, batch_key, cv_buf_view(&info), pad, CV_PART_KEY_BYTES));
    cv_buf_free(&info);
    return st;
}

cv_status cv_schedule_release(struct cv_bytes release_key, const struct cv_place_of *x,
                              struct cv_secret *release)
{
    return expand(release_key, "casevault/1/release", x, release);
}

/* prepare(section, release, place, key, context): K and the context under which the part is sealed. */
static cv_status prepare(struct cv_bytes section, struct cv_bytes release, const struct cv_piece_place *place,
                         struct cv_secret *key, struct cv_buf *context)
{
    const struct cv_place_of *x = &place->x;
    struct cv_buf info = { 0 };
    const uint8_t last = place->last;
    uint8_t number[4];
    cv_store_u32(number, place->number);
    if (release.n == 0)
        release = CV_ARR(no_release);
    cv_status st = label_x("casevault/1/seal", x, &info);
    st = CV_THEN(st, cv_secret_alloc(key, CV_PART_KEY_BYTES));
    st = CV_THEN(st, cv_hkdf(CV_HKDF_SHA256, release, section, cv_buf_view(&info), key->p, key->n));
    st = CV_THEN(st, label_x("casevault/1/blob", x, context));
    st = CV_THEN(st, cv_buf_field(context, CV_ARR(number)));
    st = CV_THEN(st, cv_buf_field(context, CV_BYTES(&last, 1)));
    cv_buf_free(&info);
    return st;
}

cv_status cv_piece_seal(struct cv_bytes section, struct cv_bytes release, const struct cv_piece_place *place,
                        struct cv_bytes padded, struct cv_buf *out)
{
    struct cv_secret key = { 0 };
    struct cv_buf context = { 0 };
    cv_status st = prepare(section, release, place, &key, &context);
    st = CV_THEN(st, cv_cobblestone_seal(cv_secret_view(&key), cv_buf_view(&context), padded, out));
    cv_secret_free(&key);
    cv_buf_free(&context);
    return st;
}

cv_status cv_piece_open(struct cv_bytes section, struct cv_bytes release, const struct cv_piece_place *place,
                        struct cv_bytes sealed, struct cv_buf *out)
{
    struct cv_secret key = { 0 };
    struct cv_buf context = { 0 };
    cv_status st = prepare(section, release, place, &key, &context);
    st = CV_THEN(st, cv_cobblestone_open(cv_secret_view(&key), cv_buf_view(&context), sealed, out));
    cv_secret_free(&key);
    cv_buf_free(&context);
    return st;
}

cv_status cv_part_seal(struct cv_bytes section, struct cv_bytes release, const struct cv_place_of *x,
                       size_t floor, struct cv_bytes plain, struct cv_buf *out)
{
    const struct cv_piece_place whole = { *x, 0, true };
    struct cv_buf padded = { 0 };
    cv_status st = cv_pad(plain, floor, &padded);
    st = CV_THEN(st, cv_piece_seal(section, release, &whole, cv_buf_view(&padded), out));
    cv_buf_free(&padded);
    return st;
}

cv_status cv_part_open(struct cv_bytes section, struct cv_bytes release, const struct cv_place_of *x,
                       struct cv_bytes sealed, struct cv_buf *out)
{
    const struct cv_piece_place whole = { *x, 0, true };
    struct cv_buf padded = { 0 };
    struct cv_bytes plain = { 0 };
    cv_status st = cv_piece_open(section, release, &whole, sealed, &padded);
    st = CV_THEN(st, cv_unpad(cv_buf_view(&padded), &plain));
    st = CV_THEN(st, cv_buf_append(out, plain));
    cv_buf_free(&padded);
    return st;
}
