#include <stdlib.h>
#include <string.h>

#include "formats/checkpoint.h"
#include "formats/witness.h"

/* A request in the one form in which who read it hands it to who has the key: fields of told lengths, of
 * which the checkpoint's text is written anew. So there is nothing left to be read in two ways. */

cv_status cv_witness_request_pack(const struct cv_witness_request *r, struct cv_buf *out)
{
    const struct cv_bytes *text = &r->note.text;
    size_t head = 0;
    for (int lines = 0; head < text->n && lines < 3; head++)
        lines += text->p[head] == '\n';
    cv_status st = cv_buf_u64(out, r->old);
    st = CV_THEN(st, cv_buf_field(out, cv_buf_view(&r->proof)));
    st = CV_THEN(st, cv_buf_field(out, cv_bytes_str(r->origin)));
    st = CV_THEN(st, cv_buf_u64(out, r->size));
    st = CV_THEN(st, cv_buf_append(out, CV_ARR(r->root)));
    st = CV_THEN(st, cv_buf_u32(out, (uint32_t)(text->n - head)));
    st = CV_THEN(st, cv_buf_append(out, CV_BYTES(text->p + head, text->n - head)));
    st = CV_THEN(st, cv_buf_u16(out, (uint16_t)r->note.count));
    for (size_t i = 0; i < r->note.count && st == CV_OK; i++) {
        const struct cv_note_sig *s = &r->note.sigs[i];
        st = cv_buf_field(out, cv_bytes_str(s->name));
        st = CV_THEN(st, cv_buf_append(out, CV_ARR(s->id)));
        st = CV_THEN(st, cv_buf_field(out, CV_BYTES(s->sig, s->ed25519 ? sizeof(s->sig) : 0)));
    }
    return st;
}

/* take_name(c, out, room): neither empty, nor more than a line. */
static bool take_name(struct cv_cursor *c, char *out, size_t room)
{
    const struct cv_bytes b = cv_cursor_field(c);
    if (b.n == 0 || b.n >= room || memchr(b.p, '\0', b.n) != NULL || memchr(b.p, '\n', b.n) != NULL)
        return false;
    memcpy(out, b.p, b.n);
    out[b.n] = '\0';
    return true;
}

/* take_sigs(c, n): of the note. */
static cv_status take_sigs(struct cv_cursor *c, struct cv_note *n)
{
    n->count = cv_cursor_u16(c);
    if (n->count == 0 || n->count > CV_NOTE_SIGS_MAX)
        return CV_ERR_FORMAT;
    n->sigs = calloc(n->count, sizeof(*n->sigs));
    if (n->sigs == NULL)
        return CV_ERR_NOMEM;
    for (size_t i = 0; i < n->count; i++) {
        struct cv_note_sig *s = &n->sigs[i];
        const bool named = take_name(c, s->name, sizeof(s->name)) && cv_note_name_ok(cv_bytes_str(s->name));
        const struct cv_bytes id = cv_cursor_take(c, sizeof(s->id));
        const struct cv_bytes sig = cv_cursor_field(c);
        if (!named || c->bad || (sig.n != 0 && sig.n != sizeof(s->sig)))
            return CV_ERR_FORMAT;
        memcpy(s->id, id.p, sizeof(s->id));
        s->ed25519 = sig.n > 0;
        if (sig.n > 0)
            memcpy(s->sig, sig.p, sig.n);
    }
    return CV_OK;
}

/* more_ok(more): whole lines, none of them empty. */
static bool more_ok(struct cv_bytes more)
{
    for (struct cv_bytes l; more.n > 0;)
        if (!cv_bytes_line(&more, "", &l) || l.n == 0)
            return false;
    return true;
}

static cv_status unpack(struct cv_cursor *c, struct cv_witness_request *r)
{
    struct cv_checkpoint head = { 0 };
    r->old = cv_cursor_u64(c);
    const struct cv_bytes proof = cv_cursor_field(c);
    const bool named = take_name(c, r->origin, sizeof(r->origin));
    r->size = cv_cursor_u64(c);
    const struct cv_bytes root = cv_cursor_take(c, sizeof(r->root));
    const struct cv_bytes more = cv_cursor_take(c, cv_cursor_u32(c));
    if (!named || c->bad || proof.n % 32 != 0 || proof.n > (size_t)32 * CV_WITNESS_HASHES_MAX ||
        more.n > CV_WITNESS_REQUEST_MAX || !more_ok(more))
        return CV_ERR_FORMAT;
    memcpy(r->root, root.p, sizeof(r->root));
    memcpy(head.origin, r->origin, sizeof(head.origin));
    memcpy(head.root.b, r->root, sizeof(head.root.b));
    head.size = r->size;
    cv_status st = cv_buf_append(&r->proof, proof);
    st = CV_THEN(st, cv_checkpoint_text(&head, &r->text));
    st = CV_THEN(st, cv_buf_append(&r->text, more));
    r->note.text = cv_buf_view(&r->text);
    st = CV_THEN(st, take_sigs(c, &r->note));
    return st == CV_OK && (c->bad || c->rest.n > 0) ? CV_ERR_FORMAT : st;
}

cv_status cv_witness_request_unpack(struct cv_bytes packed, struct cv_witness_request *out)
{
    struct cv_cursor c = { .rest = packed };
    memset(out, 0, sizeof(*out));
    cv_status st = unpack(&c, out);
    if (st != CV_OK)
        cv_witness_request_free(out);
    return st;
}
