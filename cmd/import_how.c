#include <string.h>

#include "cmd/import.h"
#include "vault/charset.h"

/* What an import is told of the file: by options, else by the map. */

/* told(option, map, name): the option's word goes before the map's. */
static const char *told(const char *option, const struct cv_json *map, const char *name)
{
    return option != NULL ? option : cv_json_get_str(map, name);
}

bool cv_import_how_csv(const struct cv_import_how *how)
{
    return how->map != NULL || how->set.n > 0 || how->without.n > 0 || how->dates != NULL ||
           how->delimiter != NULL;
}

const char *cv_import_how_encoding(const struct cv_import_how *how, const struct cv_json *map)
{
    return told(how->encoding, map, "encoding");
}

cv_status cv_import_how_dates(const struct cv_import_how *how, const struct cv_json *map,
                              enum cv_date_order *out, struct cv_err *err)
{
    const char *dates = told(how->dates, map, "dates");
    *out = CV_DATES_CLEAR;
    if (dates == NULL)
        return CV_OK;
    if (strcmp(dates, "dmy") != 0 && strcmp(dates, "mdy") != 0)
        return cv_fail(err, CV_ERR_ARG, "--dates: dmy or mdy is wanted");
    *out = strcmp(dates, "dmy") == 0 ? CV_DATES_DAY_FIRST : CV_DATES_MONTH_FIRST;
    return CV_OK;
}

cv_status cv_import_how_delimiter(const struct cv_import_how *how, const struct cv_json *map, char *out,
                                  struct cv_err *err)
{
    const char *mark = told(how->delimiter, map, "delimiter");
    *out = '\0';
    if (mark == NULL)
        return CV_OK;
    if (strcmp(mark, "tab") == 0 || strcmp(mark, "\\t") == 0)
        mark = "\t";
    if (strlen(mark) != 1 || strchr(CV_IMPORT_DELIMITERS, mark[0]) == NULL)
        return cv_fail(err, CV_ERR_ARG, "--delimiter: one of , ; | or tab is wanted");
    *out = mark[0];
    return CV_OK;
}

cv_status cv_import_how_lines(const struct cv_import_how *how, uint64_t *from, uint64_t *to,
                              struct cv_err *err)
{
    const char *text = how->lines, *dash = text != NULL ? strchr(text, '-') : NULL;
    *from = 1;
    *to = UINT64_MAX;
    if (text == NULL)
        return CV_OK;
    const struct cv_bytes first = CV_BYTES(text, dash != NULL ? (size_t)(dash - text) : strlen(text)),
                          last = cv_bytes_str(dash != NULL ? dash + 1 : text);
    if ((first.n == 0 && last.n == 0) || (first.n > 0 && !cv_bytes_number(first, from)) ||
        (last.n > 0 && !cv_bytes_number(last, to)) || *from > *to)
        return cv_fail(err, CV_ERR_ARG, "--lines: wanted are lines of the file, as 2-100");
    return CV_OK;
}

cv_status cv_import_how_check(const struct cv_import_how *how, const struct cv_json *map, struct cv_err *err)
{
    const char *encoding = cv_import_how_encoding(how, map);
    struct cv_charset *charset = NULL;
    enum cv_date_order dates;
    uint64_t from, to;
    char delimiter;
    cv_status st = cv_import_how_lines(how, &from, &to, err);
    st = CV_THEN(st, cv_import_how_dates(how, map, &dates, err));
    st = CV_THEN(st, cv_import_how_delimiter(how, map, &delimiter, err));
    for (size_t i = 0; i < how->set.n && st == CV_OK; i++)
        if (strchr(how->set.w[i], '=') == NULL)
            st = cv_fail(err, CV_ERR_ARG, "--set: wanted is FIELD=VALUE");
    if (st == CV_OK && encoding != NULL)
        st = cv_charset_new(encoding, &charset, err);
    cv_charset_free(charset);
    return st;
}
