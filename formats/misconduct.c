#include "formats/misconduct.h"

#include <string.h>

#include "formats/base64.h"
#include "formats/note.h"

#define TITLE "casevault misconduct v1"
#define HASHES_MAX 64

cv_status cv_misconduct_write(const struct cv_misconduct *m, struct cv_buf *out)
{
    cv_status st = cv_buf_str(out, TITLE "\nroot ");
    st = CV_THEN(st, cv_base64_encode(CV_BASE64_STD, CV_ARR(m->root.b), out));
    for (size_t i = 0; i + 32 <= m->hashes.n && st == CV_OK; i += 32) {
        st = cv_buf_str(out, "\n");
        st = CV_THEN(st, cv_base64_encode(CV_BASE64_STD, CV_BYTES(m->hashes.p + i, 32), out));
    }
    st = CV_THEN(st, cv_buf_str(out, "\n\n"));
    st = CV_THEN(st, cv_buf_append(out, m->first));
    st = CV_THEN(st, cv_buf_str(out, "\n"));
    return CV_THEN(st, cv_buf_append(out, m->second));
}

/* split(rest, m): a checkpoint's text has no empty line: the second one ends the first note. */
static bool split(struct cv_bytes rest, struct cv_misconduct *m)
{
    const uint8_t *text = rest.n > 0 ? memmem(rest.p, rest.n, "\n\n", 2) : NULL;
    const size_t left = text != NULL ? rest.n - (size_t)(text + 2 - rest.p) : 0;
    const uint8_t *sigs = left > 0 ? memmem(text + 2, left, "\n\n", 2) : NULL;
    if (sigs == NULL)
        return false;
    m->first = CV_BYTES(rest.p, (size_t)(sigs + 1 - rest.p));
    m->second = CV_BYTES(sigs + 2, rest.n - (size_t)(sigs + 2 - rest.p));
    return m->second.n > 0;
}

cv_status cv_misconduct_parse(struct cv_bytes text, struct cv_misconduct *out, struct cv_err *err)
{
    struct cv_bytes rest = text, l;
    memset(out, 0, sizeof(*out));
    if (text.n > CV_MISCONDUCT_MAX_BYTES)
        return cv_fail(err, CV_ERR_LIMIT, "evidence: longer than %zu bytes", CV_MISCONDUCT_MAX_BYTES);
    if (!cv_bytes_line(&rest, TITLE, &l) || l.n != 0)
        return cv_fail(err, CV_ERR_FORMAT, "evidence: not a %s", TITLE);
    if (!cv_bytes_line(&rest, "root ", &l) ||
        cv_base64_decode_exact(CV_BASE64_STD, l, out->root.b, sizeof(out->root.b)) != CV_OK)
        return cv_fail(err, CV_ERR_FORMAT, "evidence: its root is not 32 bytes in base64");
    while (cv_bytes_line(&rest, "", &l) && l.n > 0) {
        uint8_t *hash;
        if (out->hashes.n == 32 * HASHES_MAX)
            return cv_fail(err, CV_ERR_FORMAT, "evidence: more than %d hashes", HASHES_MAX);
        cv_status st = cv_buf_extend(&out->hashes, 32, &hash);
        if (st != CV_OK)
            return st;
        if (cv_base64_decode_exact(CV_BASE64_STD, l, hash, 32) != CV_OK)
            return cv_fail(err, CV_ERR_FORMAT, "evidence: a hash is not 32 bytes in base64");
    }
    return l.n == 0 && split(rest, out)
               ? CV_OK
               : cv_fail(err, CV_ERR_FORMAT, "evidence: it does not hold two checkpoints");
}

void cv_misconduct_free(struct cv_misconduct *m)
{
    cv_buf_free(&m->hashes);
    memset(m, 0, sizeof(*m));
}

/* signed_head(bytes, key, which, out): a checkpoint that its log signed. */
static cv_status signed_head(struct cv_bytes bytes, const uint8_t key[static 32], const char *which,
                             struct cv_checkpoint *out, struct cv_err *err)
{
    struct cv_note note = { 0 };
    cv_status st = cv_note_parse(bytes, &note, err);
    st = CV_THEN(st, cv_checkpoint_parse(note.text, out, err));
    if (st == CV_OK) {
        st = cv_note_verify(&note, out->origin, key);
        if (st == CV_ERR_NOTFOUND || st == CV_ERR_AUTH)
            st = cv_fail(err, CV_ERR_AUTH, "the %s checkpoint is not signed by the log with this key", which);
    }
    cv_note_free(&note);
    return st;
}

cv_status cv_misconduct_verify(const struct cv_misconduct *m, const uint8_t key[static 32],
                               struct cv_checkpoint heads[static 2], struct cv_err *err)
{
    cv_status st = signed_head(m->first, key, "first", &heads[0], err);
    st = CV_THEN(st, signed_head(m->second, key, "second", &heads[1], err));
    if (st != CV_OK)
        return st;
    if (strcmp(heads[0].origin, heads[1].origin) != 0)
        return cv_fail(err, CV_ERR_AUTH, "the checkpoints are of two logs");
    if (heads[0].size > heads[1].size)
        return cv_fail(err, CV_ERR_AUTH, "the first checkpoint is of more entries than the second");
    if (memcmp(m->root.b, heads[0].root.b, sizeof(m->root)) == 0)
        return cv_fail(err, CV_ERR_AUTH, "both checkpoints may be true");
    st = heads[0].size == 0 ? CV_ERR_AUTH
                            : cv_merkle_verify_consistency(heads[0].size, &m->root, heads[1].size,
                                                           &heads[1].root, cv_buf_view(&m->hashes));
    return st == CV_ERR_AUTH || st == CV_ERR_FORMAT
               ? cv_fail(err, CV_ERR_AUTH, "it does not show what the second log was before")
               : st;
}
