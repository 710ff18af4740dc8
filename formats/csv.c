#include "formats/csv.h"

#include <string.h>

#include "formats/utf8.h"

static cv_status cell(const char *text, bool harmless, bool last, struct cv_buf *out)
{
    struct cv_bytes rest = cv_bytes_str(text);
    const bool formula = rest.n > 0 && memchr(CV_CSV_GUARDED, rest.p[0], sizeof(CV_CSV_GUARDED) - 1) != NULL;
    cv_status st = cv_buf_str(out, formula ? "\"'" : "\"");
    while (rest.n > 0 && st == CV_OK) {
        uint32_t code = 0;
        const size_t n = cv_utf8_next(rest, &code);
        if (n == 0 || (harmless && cv_utf8_steers(code) && code != '\n' && code != '\t'))
            st = cv_buf_str(out, "\xef\xbf\xbd");
        else if (code == '"')
            st = cv_buf_str(out, "\"\"");
        else
            st = cv_buf_append(out, CV_BYTES(rest.p, n));
        rest = CV_BYTES(rest.p + (n > 0 ? n : 1), rest.n - (n > 0 ? n : 1));
    }
    return CV_THEN(st, cv_buf_str(out, last ? "\"\r\n" : "\","));
}

cv_status cv_csv_cell(const char *text, bool last, struct cv_buf *out)
{
    return cell(text, true, last, out);
}

cv_status cv_csv_text(const char *text, bool last, struct cv_buf *out)
{
    return cell(text, false, last, out);
}
