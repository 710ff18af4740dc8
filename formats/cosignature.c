#include "formats/cosignature.h"

#include <inttypes.h>
#include <string.h>

#include "formats/base64.h"

#define DASH "\xe2\x80\x94 " /* em dash, space */
#define TIME_MAX ((uint64_t)INT64_MAX)

/* message(time, text, out): what is signed. */
static cv_status message(uint64_t time, struct cv_bytes text, struct cv_buf *out)
{
    cv_status st = cv_buf_printf(out, "cosignature/v1\ntime %" PRIu64 "\n", time);
    return CV_THEN(st, cv_buf_append(out, text));
}

cv_status cv_cosignature_sign(struct cv_bytes text, const struct cv_note_signer *signer, uint64_t time,
                              struct cv_buf *out, struct cv_err *err)
{
    const size_t start = out->n;
    uint8_t raw[CV_COSIGNATURE_BYTES];
    struct cv_buf signed_text = { .max = CV_NOTE_MAX_BYTES };
    if (!cv_cosignature_name_ok(signer->name) || text.n == 0 || text.p[text.n - 1] != '\n')
        return cv_fail(err, CV_ERR_ARG, "cosignature: no name of a witness, or no text of a checkpoint");
    if (time > TIME_MAX)
        return cv_fail(err, CV_ERR_LIMIT, "cosignature: there is no such time");
    cv_status st = cv_note_typed_id(CV_NOTE_TYPE_COSIGNATURE, signer->name, signer->public, raw);
    cv_store_u64(raw + 4, time);
    st = CV_THEN(st, message(time, text, &signed_text));
    st = CV_THEN(st, signer->sign(signer->arg, cv_buf_view(&signed_text), raw + 12));
    st = CV_THEN(st, cv_buf_printf(out, DASH "%s ", signer->name));
    st = CV_THEN(st, cv_base64_encode(CV_BASE64_STD, CV_ARR(raw), out));
    st = CV_THEN(st, cv_buf_str(out, "\n"));
    cv_buf_free(&signed_text);
    if (st != CV_OK)
        cv_buf_truncate(out, start);
    return cv_err_note(err, st, "cosignature");
}

/* split(line, name, raw): name and base64 of a signature line, LF at its end. */
static bool split(struct cv_bytes line, struct cv_bytes *name, struct cv_bytes *base64)
{
    const size_t skip = sizeof(DASH) - 1;
    if (line.n <= skip || memcmp(line.p, DASH, skip) != 0 || line.p[line.n - 1] != '\n')
        return false;
    line = CV_BYTES(line.p + skip, line.n - skip - 1);
    const uint8_t *space = line.n > 0 ? memchr(line.p, ' ', line.n) : NULL;
    if (space == NULL || memchr(line.p, '\n', line.n) != NULL)
        return false;
    *name = CV_BYTES(line.p, (size_t)(space - line.p));
    *base64 = CV_BYTES(space + 1, line.n - name->n - 1);
    return cv_note_name_ok(*name);
}

cv_status cv_cosignature_verify(struct cv_bytes line, struct cv_bytes text, const struct cv_note_key *key,
                                uint64_t *time, struct cv_err *err)
{
    struct cv_bytes name, base64;
    struct cv_buf raw = { .max = CV_NOTE_MAX_BYTES }, signed_text = { .max = CV_NOTE_MAX_BYTES };
    uint8_t id[4];
    uint64_t when = 0;
    if (time != NULL)
        *time = 0;
    if (!split(line, &name, &base64))
        return cv_fail(err, CV_ERR_FORMAT, "cosignature: not one signature line");
    cv_status st = cv_base64_decode(CV_BASE64_STD, base64, &raw);
    if (st == CV_OK && raw.n <= sizeof(id))
        st = CV_ERR_FORMAT;
    st = CV_THEN(st, cv_note_typed_id(CV_NOTE_TYPE_COSIGNATURE, key->name, key->public, id));
    if (st == CV_OK && (!cv_bytes_equal(name, cv_bytes_str(key->name)) || memcmp(raw.p, id, sizeof(id)) != 0))
        st = cv_fail(err, CV_ERR_NOTFOUND, "cosignature: of another key");
    else if (st == CV_OK && raw.n != CV_COSIGNATURE_BYTES)
        st = CV_ERR_AUTH;
    if (st == CV_OK)
        when = cv_load_u64(raw.p + 4);
    if (st == CV_OK && when > TIME_MAX)
        st = CV_ERR_AUTH;
    st = CV_THEN(st, message(when, text, &signed_text));
    st = CV_THEN(st, cv_ed25519_verify(key->public, cv_buf_view(&signed_text), raw.p + 12));
    if (st == CV_OK && time != NULL)
        *time = when;
    cv_buf_free(&raw);
    cv_buf_free(&signed_text);
    return cv_err_note(err, st, "cosignature");
}

bool cv_cosignature_name_ok(const char *name)
{
    const struct cv_bytes text = cv_bytes_str(name);
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] > '~')
            return false;
    return cv_note_name_ok(text);
}

cv_status cv_cosignature_vkey(const struct cv_note_key *key, struct cv_buf *out)
{
    return cv_note_typed_vkey(CV_NOTE_TYPE_COSIGNATURE, key->name, key->public, out);
}

cv_status cv_cosignature_vkey_parse(struct cv_bytes text, struct cv_note_key *out, struct cv_err *err)
{
    struct cv_note_key key;
    memset(out, 0, sizeof(*out));
    cv_status st = cv_note_vkey_parse(text, CV_NOTE_TYPE_COSIGNATURE, &key, err);
    if (st == CV_OK && !cv_cosignature_name_ok(key.name))
        st = cv_fail(err, CV_ERR_FORMAT, "verifier key: a witness's name is printable ASCII");
    if (st == CV_OK)
        *out = key;
    return st;
}
