#include "formats/qr.h"

#include <errno.h>

#include <qrencode.h>

#define QUIET 4

/* encode(text, out): the code; a share may stand in it, so it is wiped when it is freed. */
static cv_status encode(struct cv_bytes text, QRcode **out)
{
    if (text.n > INT32_MAX)
        return CV_ERR_LIMIT;
    *out = QRcode_encodeData((int)text.n, text.p, 0, QR_ECLEVEL_M);
    return *out != NULL ? CV_OK : errno == ENOMEM ? CV_ERR_NOMEM : CV_ERR_LIMIT;
}

static void free_code(QRcode *code)
{
    cv_wipe(code->data, (size_t)code->width * (size_t)code->width);
    QRcode_free(code);
}

static bool dark(const QRcode *code, int x, int y)
{
    return x >= 0 && y >= 0 && x < code->width && y < code->width &&
           (code->data[y * code->width + x] & 1) != 0;
}

cv_status cv_qr_svg(struct cv_bytes text, struct cv_buf *out)
{
    QRcode *code = NULL;
    cv_status st = encode(text, &code);
    if (st != CV_OK)
        return st;
    const int side = code->width + 2 * QUIET;
    st = cv_buf_printf(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" role=\"img\" "
        "aria-label=\"QR code\" shape-rendering=\"crispEdges\"><rect width=\"100%%\" height=\"100%%\" "
        "fill=\"#fff\"/><path d=\"",
        side, side);
    for (int y = 0; y < code->width && st == CV_OK; y++)
        for (int x = 0; x < code->width && st == CV_OK; x++)
            if (dark(code, x, y))
                st = cv_buf_printf(out, "M%d %dh1v1h-1z", x + QUIET, y + QUIET);
    st = CV_THEN(st, cv_buf_str(out, "\"/></svg>"));
    free_code(code);
    return st;
}

cv_status cv_qr_blocks(struct cv_bytes text, struct cv_buf *out)
{
    static const char *const halves[] = { "\xe2\x96\x88", "\xe2\x96\x80", "\xe2\x96\x84",
                                          " " }; /* by dark modules */
    QRcode *code = NULL;
    cv_status st = encode(text, &code);
    if (st != CV_OK)
        return st;
    for (int y = -QUIET; y < code->width + QUIET && st == CV_OK; y += 2) {
        for (int x = -QUIET; x < code->width + QUIET && st == CV_OK; x++)
            st = cv_buf_str(out, halves[(dark(code, x, y) ? 2 : 0) + (dark(code, x, y + 1) ? 1 : 0)]);
        st = CV_THEN(st, cv_buf_str(out, "\n"));
    }
    free_code(code);
    return st;
}
