#include "formats/note.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/hash.h"
#include "formats/base64.h"
#include "formats/utf8.h"
#include "formats/words.h"

#define DASH "\xe2\x80\x94 " /* em dash, space */
#define DASH_BYTES 4
#define SIG_MAX_BYTES 8192

bool cv_note_name_ok(struct cv_bytes name)
{
    if (name.n == 0 || name.n > CV_NOTE_NAME_MAX || !cv_utf8_valid(name))
        return false;
    for (size_t i = 0; i < name.n; i++)
        if (name.p[i] <= ' ' || name.p[i] == '+' || name.p[i] == 0x7f)
            return false;
    return !cv_utf8_has_space(name);
}

cv_status cv_note_typed_id(uint8_t type, const char *name, const uint8_t public[static 32],
                           uint8_t id[static 4])
{
    uint8_t hash[32];
    const uint8_t typed[] = { '\n', type };
    const struct cv_bytes parts[] = { cv_bytes_str(name), CV_ARR(typed), CV_BYTES(public, 32) };
    cv_status st = cv_sha256_parts(parts, 3, hash);
    if (st == CV_OK)
        memcpy(id, hash, 4);
    return st;
}

cv_status cv_note_key_id(const char *name, const uint8_t public[static 32], uint8_t id[static 4])
{
    return cv_note_typed_id(CV_NOTE_TYPE_ED25519, name, public, id);
}

/* text_ok(text): what may be signed: UTF-8 ending in LF, no control characters but LF. */
static bool text_ok(struct cv_bytes text)
{
    if (text.n == 0 || text.p[text.n - 1] != '\n' || !cv_utf8_valid(text))
        return false;
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] < ' ' && text.p[i] != '\n')
            return false;
    return true;
}

static cv_status sign_line(struct cv_bytes text, const struct cv_note_signer *s, struct cv_buf *out)
{
    uint8_t raw[4 + CV_ED25519_SIG_BYTES];
    cv_status st =
        cv_note_name_ok(cv_bytes_str(s->name)) ? cv_note_key_id(s->name, s->public, raw) : CV_ERR_ARG;
    st = CV_THEN(st, s->sign(s->arg, text, raw + 4));
    st = CV_THEN(st, cv_buf_printf(out, DASH "%s ", s->name));
    st = CV_THEN(st, cv_base64_encode(CV_BASE64_STD, CV_ARR(raw), out));
    return CV_THEN(st, cv_buf_str(out, "\n"));
}

cv_status cv_note_sign(struct cv_bytes text, const struct cv_note_signer *signers, size_t count,
                       struct cv_buf *out, struct cv_err *err)
{
    const size_t start = out->n;
    cv_status st = text_ok(text) && count > 0 ? cv_buf_append(out, text) : CV_ERR_ARG;
    st = CV_THEN(st, cv_buf_str(out, "\n"));
    for (size_t i = 0; i < count && st == CV_OK; i++)
        st = sign_line(text, &signers[i], out);
    if (st != CV_OK)
        cv_buf_truncate(out, start);
    return cv_err_note(err, st, "signing a note");
}

static cv_status parse_sig(struct cv_bytes line, struct cv_note_sig *out)
{
    struct cv_buf raw = { .max = SIG_MAX_BYTES };
    if (line.n < DASH_BYTES || memcmp(line.p, DASH, DASH_BYTES) != 0)
        return CV_ERR_FORMAT;
    line = CV_BYTES(line.p + DASH_BYTES, line.n - DASH_BYTES);
    const uint8_t *space = line.n > 0 ? memchr(line.p, ' ', line.n) : NULL;
    if (space == NULL)
        return CV_ERR_FORMAT;
    const size_t n = (size_t)(space - line.p);
    if (!cv_note_name_ok(CV_BYTES(line.p, n)))
        return CV_ERR_FORMAT;
    cv_status st = cv_base64_decode(CV_BASE64_STD, CV_BYTES(space + 1, line.n - n - 1), &raw);
    if (st == CV_OK && raw.n < 5)
        st = CV_ERR_FORMAT;
    if (st == CV_OK) {
        memset(out, 0, sizeof(*out));
        memcpy(out->name, line.p, n);
        memcpy(out->id, raw.p, 4);
        out->ed25519 = raw.n == 4 + sizeof(out->sig);
        if (out->ed25519)
            memcpy(out->sig, raw.p + 4, sizeof(out->sig));
    }
    cv_buf_free(&raw);
    return st;
}

/* split(note, text, sigs): at the last empty line. */
static bool split(struct cv_bytes note, struct cv_bytes *text, struct cv_bytes *sigs)
{
    for (size_t i = note.n; i >= 2; i--)
        if (note.p[i - 2] == '\n' && note.p[i - 1] == '\n') {
            *text = CV_BYTES(note.p, i - 1);
            *sigs = CV_BYTES(note.p + i, note.n - i);
            return true;
        }
    return false;
}

cv_status cv_note_parse(struct cv_bytes note, struct cv_note *out, struct cv_err *err)
{
    struct cv_bytes text, sigs;
    struct cv_note n = { 0 };
    cv_status st = CV_OK;
    memset(out, 0, sizeof(*out));
    if (note.n > CV_NOTE_MAX_BYTES)
        return cv_fail(err, CV_ERR_LIMIT, "signed note: too long");
    if (!split(note, &text, &sigs) || !text_ok(text) || sigs.n == 0 || sigs.p[sigs.n - 1] != '\n')
        return cv_fail(err, CV_ERR_FORMAT, "signed note: not a text, an empty line and signatures");
    for (size_t i = 0; i < sigs.n; i++)
        n.count += sigs.p[i] == '\n';
    if (n.count == 0 || n.count > CV_NOTE_SIGS_MAX)
        return cv_fail(err, CV_ERR_LIMIT, "signed note: more than %d signatures", CV_NOTE_SIGS_MAX);
    n.sigs = calloc(n.count, sizeof(*n.sigs));
    if (n.sigs == NULL)
        return cv_fail(err, CV_ERR_NOMEM, "signed note: out of memory");
    for (size_t i = 0; i < n.count && st == CV_OK; i++) {
        const size_t line = (size_t)((const uint8_t *)memchr(sigs.p, '\n', sigs.n) - sigs.p);
        st = parse_sig(CV_BYTES(sigs.p, line), &n.sigs[i]);
        sigs = CV_BYTES(sigs.p + line + 1, sigs.n - line - 1);
    }
    if (st != CV_OK) {
        cv_note_free(&n);
        return cv_fail(err, st, "signed note: a signature line is not well formed");
    }
    n.text = text;
    *out = n;
    return CV_OK;
}

void cv_note_free(struct cv_note *n)
{
    if (n == NULL)
        return;
    free(n->sigs);
    memset(n, 0, sizeof(*n));
}

cv_status cv_note_verify(const struct cv_note *n, const char *name, const uint8_t public[static 32])
{
    uint8_t id[4];
    cv_status st = cv_note_key_id(name, public, id);
    if (st != CV_OK)
        return st;
    st = CV_ERR_NOTFOUND;
    for (size_t i = 0; i < n->count; i++) {
        const struct cv_note_sig *s = &n->sigs[i];
        if (strcmp(s->name, name) != 0 || memcmp(s->id, id, 4) != 0)
            continue;
        st = s->ed25519 ? cv_ed25519_verify(public, n->text, s->sig) : CV_ERR_AUTH;
        if (st != CV_OK)
            return st;
    }
    return st;
}

cv_status cv_note_typed_vkey(uint8_t type, const char *name, const uint8_t public[static 32],
                             struct cv_buf *out)
{
    uint8_t id[4], typed[1 + 32] = { type };
    char hex[9];
    cv_status st = cv_note_typed_id(type, name, public, id);
    if (st != CV_OK)
        return st;
    cv_hex_encode(CV_ARR(id), hex);
    memcpy(typed + 1, public, 32);
    st = cv_buf_printf(out, "%s+%s+", name, hex);
    return CV_THEN(st, cv_base64_encode(CV_BASE64_STD, CV_ARR(typed), out));
}

cv_status cv_note_vkey(const char *name, const uint8_t public[static 32], struct cv_buf *out)
{
    return cv_note_typed_vkey(CV_NOTE_TYPE_ED25519, name, public, out);
}

cv_status cv_note_vkey_parse(struct cv_bytes text, uint8_t type, struct cv_note_key *out, struct cv_err *err)
{
    struct cv_note_key key = { 0 };
    uint8_t typed[1 + 32], id[4], want[4];
    const uint8_t *plus = text.n > 0 ? memchr(text.p, '+', text.n) : NULL;
    memset(out, 0, sizeof(*out));
    const size_t n = plus != NULL ? (size_t)(plus - text.p) : 0;
    if (!cv_note_name_ok(CV_BYTES(text.p, n)) || text.n < n + 10 || plus[9] != '+' ||
        cv_hex_decode(CV_BYTES(plus + 1, 8), id, sizeof(id)) != CV_OK ||
        cv_base64_decode_exact(CV_BASE64_STD, CV_BYTES(plus + 10, text.n - n - 10), typed, sizeof(typed)) !=
            CV_OK)
        return cv_fail(err, CV_ERR_FORMAT, "verifier key: not name, key id and key; copy all of it again");
    if (typed[0] != type)
        return cv_fail(err, CV_ERR_FORMAT, "verifier key: of type %u where one of type %u is wanted, %s",
                       typed[0], type, type == CV_NOTE_TYPE_COSIGNATURE ? _("a witness's") : _("a log's"));
    memcpy(key.name, text.p, n);
    memcpy(key.public, typed + 1, sizeof(key.public));
    cv_status st = cv_note_typed_id(type, key.name, key.public, want);
    if (st == CV_OK && memcmp(id, want, sizeof(id)) != 0)
        st = cv_fail(err, CV_ERR_FORMAT, "verifier key: its key id is not that of its name and key");
    if (st == CV_OK)
        *out = key;
    return cv_err_note(err, st, "verifier key");
}
