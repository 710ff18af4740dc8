#include "formats/leaf.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/base64.h"
#include "formats/words.h"

#define TITLE "casevault commit v1\n"
#define ENTRY_INDEX_DIGITS 11
#define ENTRY_INDEX_MAX 99999999999ULL

/* With their lengths: verifying a log looks two of them up for every entry. */
static const struct cv_bytes kind_names[CV_KIND_COUNT] = {
    [CV_KIND_TEMPLATE] = CV_LIT(N_("template")), [CV_KIND_POLICY] = CV_LIT(N_("policy")),
    [CV_KIND_SEALS] = CV_LIT(N_("seals")),       [CV_KIND_BATCH] = CV_LIT(N_("batch")),
    [CV_KIND_RECORD] = CV_LIT(N_("record")),     [CV_KIND_EVENT] = CV_LIT(N_("event")),
    [CV_KIND_TORN] = CV_LIT(N_("torn")),         [CV_KIND_CHECKPOINT] = CV_LIT(N_("checkpoint")),
    [CV_KIND_PROPOSAL] = CV_LIT(N_("proposal")), [CV_KIND_APPROVAL] = CV_LIT(N_("approval")),
    [CV_KIND_GRANT] = CV_LIT(N_("grant")),       [CV_KIND_NOTICE] = CV_LIT(N_("notice")),
    [CV_KIND_ERASE] = CV_LIT(N_("erase")),       [CV_KIND_TOMBSTONE] = CV_LIT(N_("tombstone")),
    [CV_KIND_ATTEST] = CV_LIT(N_("attest")),     [CV_KIND_PIECE] = CV_LIT(N_("piece")),
    [CV_KIND_LOSS] = CV_LIT(N_("loss")),         [CV_KIND_LOST] = CV_LIT(N_("lost")),
};

const char *cv_kind_name(enum cv_kind kind)
{
    return kind < CV_KIND_COUNT ? (const char *)kind_names[kind].p : N_("unknown");
}

enum cv_kind cv_kind_parse(struct cv_bytes name)
{
    for (enum cv_kind k = 0; k < CV_KIND_COUNT; k++)
        if (cv_bytes_equal(name, kind_names[k]))
            return k;
    return CV_KIND_COUNT;
}

void cv_entry_name(uint64_t index, enum cv_kind kind, char out[static CV_ENTRY_NAME_BYTES])
{
    snprintf(out, CV_ENTRY_NAME_BYTES, "%0*" PRIu64 "-%s", ENTRY_INDEX_DIGITS, index, cv_kind_name(kind));
}

cv_status cv_entry_name_parse(const char *name, uint64_t *index, enum cv_kind *kind)
{
    uint64_t n = 0;
    *index = 0;
    *kind = CV_KIND_COUNT;
    for (size_t i = 0; i < ENTRY_INDEX_DIGITS; i++) {
        if (name[i] < '0' || name[i] > '9')
            return CV_ERR_FORMAT;
        n = 10 * n + (uint64_t)(name[i] - '0');
    }
    if (name[ENTRY_INDEX_DIGITS] != '-')
        return CV_ERR_FORMAT;
    const enum cv_kind k = cv_kind_parse(cv_bytes_str(name + ENTRY_INDEX_DIGITS + 1));
    if (k == CV_KIND_COUNT)
        return CV_ERR_FORMAT;
    *index = n;
    *kind = k;
    return CV_OK;
}

/* bind_text(leaf, out): the bind in hex, or a hyphen. */
static void bind_text(const struct cv_leaf *leaf, char out[static 65])
{
    if (leaf->bound)
        cv_hex_encode(CV_ARR(leaf->bind), out);
    else
        memcpy(out, "-", 2);
}

#define LEAF_TEXT_MAX 320

/* put(at, text): append a short text; the room was counted by whoever calls. */
static char *put(char *at, const char *text)
{
    const size_t n = strlen(text);
    memcpy(at, text, n);
    return at + n;
}

/* leaf_text(..., out): the text; verifying a log does this for every entry, so it is put together by hand. */
static size_t leaf_text(const char *vault, uint64_t index, const struct cv_leaf *leaf,
                        char out[static LEAF_TEXT_MAX])
{
    char digits[24], *d = digits + sizeof(digits) - 1, *at = put(out, "casevault leaf v1\n");
    *d = '\0';
    do
        *--d = (char)('0' + index % 10);
    while ((index /= 10) != 0);
    at = put(put(at, vault), "\n");
    at = put(put(at, d), "\n");
    at = put(put(at, cv_kind_name(leaf->kind)), "\n");
    cv_hex_encode(CV_ARR(leaf->hash), at);
    at = put(at + 64, "\n");
    bind_text(leaf, at);
    at = put(at + strlen(at), "\n");
    return (size_t)(at - out);
}

cv_status cv_leaf_text(const char *vault, uint64_t index, const struct cv_leaf *leaf, struct cv_buf *out)
{
    char text[LEAF_TEXT_MAX];
    if (strlen(vault) > 64)
        return CV_ERR_ARG;
    const size_t n = leaf_text(vault, index, leaf, text);
    return cv_buf_append(out, CV_BYTES(text, n));
}

cv_status cv_leaf_hash(const char *vault, uint64_t index, const struct cv_leaf *leaf, struct cv_hash *out)
{
    char text[LEAF_TEXT_MAX];
    if (strlen(vault) > 64)
        return CV_ERR_ARG;
    const size_t n = leaf_text(vault, index, leaf, text);
    return cv_merkle_leaf(CV_BYTES(text, n), out);
}

cv_status cv_commit_write(const struct cv_commit *c, struct cv_buf *out)
{
    cv_status st = c->first > ENTRY_INDEX_MAX ? CV_ERR_LIMIT : CV_OK;
    st = CV_THEN(st, cv_buf_printf(out, TITLE "%s\n%" PRIu64 " %" PRIu64 "\n", c->vault, c->first, c->slots));
    st =
        CV_THEN(st, c->edge.count == 0
                        ? cv_buf_str(out, "-")
                        : cv_base64_encode(CV_BASE64_STD,
                                           CV_BYTES(c->edge.h, c->edge.count * sizeof(struct cv_hash)), out));
    st = CV_THEN(st, cv_buf_str(out, "\n"));
    for (size_t i = 0; i < c->count && st == CV_OK; i++) {
        char hash[65], bind[65];
        cv_hex_encode(CV_ARR(c->leaves[i].hash), hash);
        bind_text(&c->leaves[i], bind);
        st = cv_buf_printf(out, "%s %s %s\n", cv_kind_name(c->leaves[i].kind), hash, bind);
    }
    st = CV_THEN(st, cv_buf_str(out, "\n"));
    return CV_THEN(st, cv_buf_append(out, c->note));
}

/* take_until(rest, stop, out): the bytes before the next ${stop}, which is taken too; false if there is none.
 */
static bool take_until(struct cv_bytes *rest, char stop, struct cv_bytes *out)
{
    const uint8_t *end = rest->n > 0 ? memchr(rest->p, stop, rest->n) : NULL;
    if (end == NULL)
        return false;
    const size_t n = (size_t)(end - rest->p);
    *out = CV_BYTES(rest->p, n);
    *rest = CV_BYTES(end + 1, rest->n - n - 1);
    return true;
}

/* parse_number(text, out): decimal without leading zeros. */
static bool parse_number(struct cv_bytes text, uint64_t *out)
{
    uint64_t n = 0;
    if (text.n == 0 || text.n > 18 || (text.n > 1 && text.p[0] == '0'))
        return false;
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9')
            return false;
        n = 10 * n + (uint64_t)(text.p[i] - '0');
    }
    *out = n;
    return true;
}

/* parse_leaf(line, stop, out): kind, hash and bind, with a ${stop} between them. */
static bool parse_leaf(struct cv_bytes line, char stop, struct cv_leaf *out)
{
    struct cv_bytes kind, hash;
    if (!take_until(&line, stop, &kind) || !take_until(&line, stop, &hash))
        return false;
    out->kind = cv_kind_parse(kind);
    if (out->kind == CV_KIND_COUNT || cv_hex_decode(hash, out->hash, sizeof(out->hash)) != CV_OK)
        return false;
    out->bound = !cv_bytes_equal(line, CV_LIT("-"));
    return !out->bound || cv_hex_decode(line, out->bind, sizeof(out->bind)) == CV_OK;
}

cv_status cv_leaf_text_parse(struct cv_bytes text, const char *vault, uint64_t index, struct cv_leaf *out)
{
    struct cv_bytes rest = text, skipped;
    struct cv_leaf leaf = { 0 };
    char again[LEAF_TEXT_MAX];
    memset(out, 0, sizeof(*out));
    for (int i = 0; i < 3; i++) /* title, vault and index: compared as a whole below */
        if (!take_until(&rest, '\n', &skipped))
            return CV_ERR_FORMAT;
    if (rest.n == 0 || rest.p[rest.n - 1] != '\n' || strlen(vault) > 64 ||
        !parse_leaf(CV_BYTES(rest.p, rest.n - 1), '\n', &leaf))
        return CV_ERR_FORMAT;
    const size_t n = leaf_text(vault, index, &leaf, again);
    if (!cv_bytes_equal(text, CV_BYTES(again, n)))
        return CV_ERR_FORMAT;
    *out = leaf;
    return CV_OK;
}

/* parse_leaves(rest, out): the lines up to the empty one. */
static cv_status parse_leaves(struct cv_bytes *rest, struct cv_commit *out)
{
    size_t room = 0;
    struct cv_bytes line;
    while (take_until(rest, '\n', &line)) {
        if (line.n == 0)
            return out->count > 0 ? CV_OK : CV_ERR_FORMAT;
        if (out->count == CV_COMMIT_LEAVES_MAX)
            return CV_ERR_LIMIT;
        if (out->count == room) {
            room = room == 0 ? 16 : 2 * room;
            struct cv_leaf *more = realloc(out->leaves, room * sizeof(*more));
            if (more == NULL)
                return CV_ERR_NOMEM;
            out->leaves = more;
        }
        memset(&out->leaves[out->count], 0, sizeof(*out->leaves));
        if (!parse_leaf(line, ' ', &out->leaves[out->count]))
            return CV_ERR_FORMAT;
        out->count++;
    }
    return CV_ERR_FORMAT;
}

/* parse_edge(text, size, out): as many hashes as the size has bits set. */
static bool parse_edge(struct cv_bytes text, uint64_t size, struct cv_merkle_edge *out)
{
    memset(out, 0, sizeof(*out));
    out->size = size;
    out->count = (unsigned)__builtin_popcountll(size);
    if (out->count == 0)
        return cv_bytes_equal(text, CV_LIT("-"));
    return cv_base64_decode_exact(CV_BASE64_STD, text, out->h[0].b, out->count * sizeof(struct cv_hash)) ==
           CV_OK;
}

cv_status cv_commit_parse(struct cv_bytes data, struct cv_commit *out, struct cv_err *err)
{
    struct cv_commit c = { 0 };
    struct cv_bytes title, vault, first, slots, edge;
    uint8_t id[32];
    cv_status st = CV_OK;
    memset(out, 0, sizeof(*out));
    if (data.n > CV_COMMIT_MAX_BYTES)
        return cv_fail(err, CV_ERR_LIMIT, "checkpoint entry: too long");
    if (!take_until(&data, '\n', &title) || !cv_bytes_equal(title, CV_BYTES(TITLE, sizeof(TITLE) - 2)) ||
        !take_until(&data, '\n', &vault) || cv_hex_decode(vault, id, sizeof(id)) != CV_OK ||
        !take_until(&data, ' ', &first) || !parse_number(first, &c.first) ||
        !take_until(&data, '\n', &slots) || !parse_number(slots, &c.slots) ||
        !take_until(&data, '\n', &edge) || !parse_edge(edge, c.first, &c.edge))
        return cv_fail(err, CV_ERR_FORMAT, "checkpoint entry: its head is not that of a commit of version 1");
    memcpy(c.vault, vault.p, vault.n);
    st = parse_leaves(&data, &c);
    if (st == CV_OK) {
        c.note = data;
        *out = c;
        return CV_OK;
    }
    cv_commit_free(&c);
    return cv_fail(err, st, "checkpoint entry: its leaves are not well formed");
}

void cv_commit_free(struct cv_commit *c)
{
    if (c == NULL)
        return;
    free(c->leaves);
    memset(c, 0, sizeof(*c));
}

#define TORN_TITLE "casevault torn v1\n"

cv_status cv_torn_write(const struct cv_torn *t, struct cv_buf *out)
{
    char hash[65];
    cv_hex_encode(CV_ARR(t->hash), hash);
    return cv_buf_printf(out, TORN_TITLE "%" PRIu32 " %" PRIu64 " %" PRIu64 " %s\n", t->segment, t->offset,
                         t->bytes, hash);
}

cv_status cv_torn_parse(struct cv_bytes data, struct cv_torn *out, struct cv_err *err)
{
    struct cv_bytes title, segment, offset, bytes, hash;
    uint64_t number = 0;
    memset(out, 0, sizeof(*out));
    if (!take_until(&data, '\n', &title) ||
        !cv_bytes_equal(title, CV_BYTES(TORN_TITLE, sizeof(TORN_TITLE) - 2)) ||
        !take_until(&data, ' ', &segment) || !parse_number(segment, &number) || number > UINT32_MAX ||
        !take_until(&data, ' ', &offset) || !parse_number(offset, &out->offset) ||
        !take_until(&data, ' ', &bytes) || !parse_number(bytes, &out->bytes) ||
        !take_until(&data, '\n', &hash) || data.n != 0 ||
        cv_hex_decode(hash, out->hash, sizeof(out->hash)) != CV_OK)
        return cv_fail(err, CV_ERR_FORMAT, "torn entry: not one of version 1");
    out->segment = (uint32_t)number;
    return CV_OK;
}
