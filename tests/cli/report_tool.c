/* report_tool html|csv: the report (formats/report.h) on the JSON object on stdin, on stdout. */
#include <stdio.h>
#include <string.h>

#include "crypto/secret.h"
#include "formats/report.h"

static cv_status read_all(struct cv_buf *in)
{
    char part[65536];
    size_t n;
    cv_status st = CV_OK;
    while (st == CV_OK && (n = fread(part, 1, sizeof(part), stdin)) > 0)
        st = cv_buf_append(in, CV_BYTES(part, n));
    return st;
}

int main(int argc, char **argv)
{
    struct cv_buf in = { 0 }, out = { 0 };
    struct cv_json *doc = NULL;
    struct cv_report r = { 0 };
    struct cv_err err = { 0 };
    const bool csv = argc == 2 && strcmp(argv[1], "csv") == 0;
    cv_json_init();
    cv_status st = read_all(&in);
    st = CV_THEN(st, cv_json_parse(cv_buf_view(&in), (size_t)64 << 20, "report", &doc, &err));
    st = CV_THEN(st, cv_report_new(doc, &r, &err));
    st = CV_THEN(st, csv ? cv_report_csv(&r, &out) : cv_report_page(&r, &out));
    if (st == CV_OK)
        fwrite(out.p, 1, out.n, stdout);
    else
        fprintf(stderr, "report_tool: %s\n", err.msg);
    cv_report_free(&r);
    cv_json_free(doc);
    cv_buf_free(&in);
    cv_buf_free(&out);
    return st == CV_OK ? 0 : 1;
}
