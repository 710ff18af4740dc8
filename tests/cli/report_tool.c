/* report_tool html|csv: the report (formats/report.h) on the JSON object on stdin, on stdout; its "events"
 * are the log, each with "entry" and "roles". */
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

/* again: an event of the object, by its entry. */
static cv_status again(void *arg, uint64_t entry, struct cv_json **out, struct cv_err *err)
{
    const struct cv_json *events = arg;
    for (size_t i = 0; i < cv_json_len(events); i++)
        if ((uint64_t)cv_json_get_int(cv_json_at(events, i), "entry") == entry) {
            *out = cv_json_copy(cv_json_at(events, i));
            return *out == NULL ? CV_ERR_NOMEM : CV_OK;
        }
    return cv_fail(err, CV_ERR_NOTFOUND, "no such entry");
}

static cv_status print(void *arg, struct cv_bytes piece, struct cv_err *err)
{
    (void)arg;
    return fwrite(piece.p, 1, piece.n, stdout) == piece.n ? CV_OK : cv_fail_errno(err, "standard output");
}

static cv_status report(const struct cv_json *doc, struct cv_report *r, struct cv_err *err)
{
    struct cv_json *events = cv_json_get(doc, "events");
    const struct cv_report_source source = { again, events };
    cv_status st = cv_report_new(doc, &source, r);
    for (size_t i = 0; i < cv_json_len(events) && st == CV_OK; i++) {
        const struct cv_json *event = cv_json_at(events, i);
        st = cv_report_add(r, (uint64_t)cv_json_get_int(event, "entry"), event, cv_json_get(event, "roles"));
    }
    return CV_THEN(st, cv_report_judge(r, err));
}

int main(int argc, char **argv)
{
    struct cv_buf in = { 0 };
    struct cv_json *doc = NULL;
    struct cv_report r = { 0 };
    struct cv_err err = { 0 };
    const bool csv = argc == 2 && strcmp(argv[1], "csv") == 0;
    cv_json_init();
    cv_status st = read_all(&in);
    st = CV_THEN(st, cv_json_parse(cv_buf_view(&in), (size_t)64 << 20, "report", &doc, &err));
    st = CV_THEN(st, report(doc, &r, &err));
    st = CV_THEN(st, csv ? cv_report_csv(&r, print, NULL, &err) : cv_report_page(&r, print, NULL, &err));
    if (st != CV_OK)
        fprintf(stderr, "report_tool: %s\n", err.msg);
    cv_report_free(&r);
    cv_json_free(doc);
    cv_buf_free(&in);
    return st == CV_OK ? 0 : 1;
}
