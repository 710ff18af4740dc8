#include "formats/loss.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "formats/base64.h"

#define TITLE "casevault loss v1\n"
#define LINE_LEAST 77 /* bytes: an index, a kind, a hash, a word */

static cv_status write_one(const struct cv_lost_entry *e, struct cv_buf *out)
{
    char hex[65];
    cv_hex_encode(CV_ARR(e->hash), hex);
    return cv_buf_printf(out, "%" PRIu64 " %s %s %s\n", e->index, cv_kind_name(e->kind), hex,
                         e->unproved ? "unproved" : "lost");
}

cv_status cv_loss_write(const struct cv_lost_entry *list, size_t count, struct cv_buf *out)
{
    cv_status st = cv_buf_str(out, TITLE);
    for (size_t i = 0; i < count && st == CV_OK; i++)
        st = write_one(&list[i], out);
    return st == CV_OK && out->n > CV_LOSS_MAX_BYTES ? CV_ERR_LIMIT : st;
}

/* word(rest, end, out): up to the byte ${end}, which is passed. */
static bool word(struct cv_bytes *rest, uint8_t end, struct cv_bytes *out)
{
    const uint8_t *p = rest->n > 0 ? memchr(rest->p, end, rest->n) : NULL;
    if (p == NULL)
        return false;
    const size_t n = (size_t)(p - rest->p);
    *out = CV_BYTES(rest->p, n);
    *rest = CV_BYTES(p + 1, rest->n - n - 1);
    return true;
}

/* read_line(rest, e): what it says; that it says so in the one form, the whole is compared for. */
static bool read_line(struct cv_bytes *rest, struct cv_lost_entry *e)
{
    struct cv_bytes index, kind, hash, state;
    if (!word(rest, ' ', &index) || !word(rest, ' ', &kind) || !word(rest, ' ', &hash) ||
        !word(rest, '\n', &state) || index.n == 0 || index.n > 11)
        return false;
    *e = (struct cv_lost_entry){ .kind = cv_kind_parse(kind),
                                 .unproved = cv_bytes_equal(state, CV_LIT("unproved")) };
    for (size_t i = 0; i < index.n; i++) {
        if (index.p[i] < '0' || index.p[i] > '9')
            return false;
        e->index = 10 * e->index + (uint64_t)(index.p[i] - '0');
    }
    return e->kind != CV_KIND_COUNT && cv_hex_decode(hash, e->hash, sizeof(e->hash)) == CV_OK;
}

cv_status cv_loss_parse(struct cv_bytes data, struct cv_lost_entry **list, size_t *count, struct cv_err *err)
{
    struct cv_buf again = { 0 };
    const size_t title = strlen(TITLE);
    *list = NULL;
    *count = 0;
    if (data.n > CV_LOSS_MAX_BYTES)
        return cv_fail(err, CV_ERR_LIMIT, "loss: too long");
    struct cv_bytes rest = data.n >= title ? CV_BYTES(data.p + title, data.n - title) : CV_BYTES(data.p, 0);
    struct cv_lost_entry *all = calloc(rest.n / LINE_LEAST + 1, sizeof(*all));
    size_t n = 0;
    cv_status st = all != NULL ? CV_OK : CV_ERR_NOMEM;
    while (st == CV_OK && rest.n > 0) {
        if (rest.n < LINE_LEAST || !read_line(&rest, &all[n]) || (n > 0 && all[n].index <= all[n - 1].index))
            st = CV_ERR_FORMAT;
        else
            n++;
    }
    st = CV_THEN(st, n > 0 ? cv_loss_write(all, n, &again) : CV_ERR_FORMAT);
    if (st == CV_OK && !cv_bytes_equal(cv_buf_view(&again), data))
        st = CV_ERR_FORMAT;
    cv_buf_free(&again);
    if (st != CV_OK) {
        free(all);
        return st == CV_ERR_FORMAT ? cv_fail(err, st, "loss: does not read") : cv_err_note(err, st, "loss");
    }
    *list = all;
    *count = n;
    return CV_OK;
}
