#include <inttypes.h>
#include <string.h>

#include "cmd/import.h"

/* Rows that come again: each record of a row is known for itself, so that what an earlier import left out can
 * be brought later, and refers to what is there. */

/* ---- looking up ---- */

/* nth_of_type(records, i): which one of its type it is, whatever else stands in the row. */
static size_t nth_of_type(const struct cv_json *records, size_t i)
{
    size_t n = 0;
    for (size_t k = 0; k < i; k++)
        if (cv_json_equal(cv_json_get(cv_json_at(records, k), "type"),
                          cv_json_get(cv_json_at(records, i), "type")))
            n++;
    return n;
}

/* filled(seen, item): a row's digest says something of all of it, so that it hangs on all of it. */
static uint64_t filled(const struct cv_seen *seen, const struct cv_import_item *item)
{
    uint64_t sections = 0;
    for (size_t i = 0; i < cv_json_len(item->records); i++)
        sections |= cv_seen_filled(seen, cv_json_at(item->records, i));
    for (size_t i = 0; i < cv_json_len(item->others); i++)
        sections |= cv_seen_filled(seen, cv_json_at(item->others, i));
    return sections;
}

/* look(ui, seen, item, records, i, mark, before): of one record; ${records} are all of its type. */
static cv_status look(struct cv_ui *ui, struct cv_seen *seen, const struct cv_import_item *item,
                      uint64_t sections, const struct cv_json *records, size_t i, bool all,
                      struct cv_mark *mark, struct cv_before *before)
{
    const struct cv_brought from = { item->source, nth_of_type(records, i), item->by_id, item->file,
                                     sections };
    cv_status st = cv_seen_mark(seen, cv_json_at(records, i), &from, mark, &ui->err);
    *before = (struct cv_before){ 0 };
    return all ? st : CV_THEN(st, cv_seen_known(seen, mark, before, &ui->err));
}

cv_status cv_import_look_up(struct cv_ui *ui, struct cv_seen *seen, const struct cv_import_item *item,
                            bool all, struct cv_import_marks *marks)
{
    cv_status st = CV_OK;
    const uint64_t sections = filled(seen, item);
    marks->fresh = 0;
    for (size_t i = 0; i < cv_json_len(item->records) && i < CV_IMPORT_RECORDS_MAX && st == CV_OK; i++) {
        st = look(ui, seen, item, sections, item->records, i, all, &marks->m[i], &marks->before[i]);
        marks->fresh += !marks->before[i].known;
    }
    return st;
}

/* ---- references ---- */

/* exchanged(list, id, instead): the same list with another id in its place, or (NULL) with none. */
static struct cv_json *exchanged(const struct cv_json *list, const char *id, const char *instead)
{
    struct cv_json *out = cv_json_array();
    cv_status st = out == NULL ? CV_ERR_NOMEM : CV_OK;
    for (size_t i = 0; i < cv_json_len(list) && st == CV_OK; i++) {
        struct cv_json *o = cv_json_at(list, i);
        if (!cv_bytes_equal(cv_json_text(o), cv_bytes_str(id)))
            st = cv_json_push(out, cv_json_ref(o));
        else if (instead != NULL)
            st = cv_json_push(out, cv_json_str(instead));
    }
    if (st == CV_OK)
        return out;
    cv_json_free(out);
    return NULL;
}

/* refer_field(in, name, id, instead): one field of a section. */
static cv_status refer_field(struct cv_json *in, const char *name, const char *id, const char *instead)
{
    const struct cv_json *value = cv_json_get(in, name);
    const bool is_list = cv_json_is(value, CV_JSON_ARRAY);
    if (value == NULL || (!is_list && !cv_bytes_equal(cv_json_text(value), cv_bytes_str(id))))
        return CV_OK;
    if (!is_list)
        return instead != NULL ? cv_json_set(in, name, cv_json_str(instead)) : cv_json_del(in, name);
    struct cv_json *list = exchanged(value, id, instead);
    if (list == NULL || cv_json_len(list) > 0)
        return cv_json_set(in, name, list);
    cv_json_free(list);
    return cv_json_del(in, name);
}

/* refer(t, record, id, instead): every reference of a record to ${id} leads to ${instead}. */
static cv_status refer(const struct cv_template *t, struct cv_json *record, const char *id,
                       const char *instead)
{
    const char *type = cv_json_get_str(record, "type"), *section;
    struct cv_template_field f;
    cv_status st = CV_OK;
    for (size_t i = 0; (section = cv_template_type_section(t, type, i)) != NULL; i++) {
        struct cv_json *in = cv_json_get(record, section);
        for (size_t j = 0; in != NULL && st == CV_OK && cv_template_field(t, type, section, j, &f); j++)
            if (f.to != NULL)
                st = refer_field(in, f.name, id, instead);
    }
    return st;
}

/* refer_all(t, item, marks, id, instead): of those that are new. */
static cv_status refer_all(const struct cv_template *t, const struct cv_import_item *item,
                           const struct cv_import_marks *marks, const struct cv_json *to, const char *instead)
{
    const char *id = cv_json_get_str(to, "id");
    cv_status st = CV_OK;
    for (size_t i = 0; id != NULL && i < cv_json_len(item->records) && st == CV_OK; i++)
        if (!marks->before[i].known)
            st = refer(t, cv_json_at(item->records, i), id, instead);
    return st;
}

cv_status cv_import_join(struct cv_ui *ui, struct cv_seen *seen, const struct cv_template *t,
                         const struct cv_import_item *item, const struct cv_import_marks *marks)
{
    struct cv_mark mark;
    struct cv_before before;
    cv_status st = CV_OK;
    if (item->own_ids)
        return CV_OK;
    for (size_t i = 0; i < cv_json_len(item->records) && st == CV_OK; i++)
        if (marks->before[i].known)
            st = refer_all(t, item, marks, cv_json_at(item->records, i), marks->before[i].id);
    for (size_t i = 0; i < cv_json_len(item->others) && st == CV_OK; i++) {
        st = look(ui, seen, item, 0, item->others, i, false, &mark, &before);
        st = CV_THEN(st,
                     refer_all(t, item, marks, cv_json_at(item->others, i), before.known ? before.id : NULL));
    }
    return cv_err_note(&ui->err, st, "import");
}

/* ---- what is told ---- */

static void add_line(struct cv_import_lines *lines, uint64_t line)
{
    const size_t last = lines->count - 1;
    lines->rows++;
    if (lines->count > 0 && lines->told + 1 == lines->rows && lines->to[last] + 1 == line)
        lines->to[last] = line;
    else if (lines->count < sizeof(lines->from) / sizeof(lines->from[0])) {
        lines->from[lines->count] = lines->to[lines->count] = line;
        lines->count++;
    } else
        return;
    lines->told++;
}

#define LINES_BYTES 256

/* write_lines(lines, out): "line 2", or "lines 2-9, 11, 14-15 and 20 more". */
static void write_lines(const struct cv_import_lines *lines, char out[static LINES_BYTES])
{
    size_t n = (size_t)snprintf(out, LINES_BYTES, "%s", cv_words(lines->rows, "line", "lines"));
    for (size_t i = 0; i < lines->count; i++) {
        n += (size_t)snprintf(out + n, LINES_BYTES - n, "%s %" PRIu64, i > 0 ? "," : "", lines->from[i]);
        if (lines->to[i] != lines->from[i])
            n += (size_t)snprintf(out + n, LINES_BYTES - n, "-%" PRIu64, lines->to[i]);
    }
    if (lines->told < lines->rows)
        snprintf(out + n, LINES_BYTES - n, _(" and %" PRIu64 " more"), lines->rows - lines->told);
}

void cv_import_again_note(struct cv_import_again *again, const struct cv_import_item *item,
                          const struct cv_import_marks *marks)
{
    bool known = false, elsewhere = false;
    for (size_t i = 0; i < cv_json_len(item->records) && i < CV_IMPORT_RECORDS_MAX; i++) {
        again->records += marks->before[i].known;
        known = known || marks->before[i].known;
        elsewhere = elsewhere || (marks->before[i].known && marks->before[i].file != item->file);
    }
    if (known)
        add_line(&again->known, item->line);
    if (item->by_equal && elsewhere)
        add_line(&again->equal, item->line);
}

void cv_import_again_tell(const struct cv_ui *ui, const struct cv_import_again *again)
{
    char lines[LINES_BYTES];
    if (again->records > 0) {
        write_lines(&again->known, lines);
        cv_ui_say_n(ui, again->records, "%" PRIu64 " was imported before, and is left as it is: %s.",
                    "%" PRIu64 " were imported before, and are left as they are: %s.", again->records, lines);
    }
    if (again->equal.rows == 0)
        return;
    write_lines(&again->equal, lines);
    fflush(stdout);
    cv_print_to(stderr,
                "Not stored, being equal to rows of another file: %s.\n"
                "If they are about somebody else, import them too: --again --lines %" PRIu64 "\n",
                lines, again->equal.from[0]);
}
