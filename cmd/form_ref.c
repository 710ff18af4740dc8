#include <string.h>

#include "cmd/form.h"
#include "formats/crockford.h"
#include "vault/fold.h"
#include "vault/glance.h"

/* References: an officer knows a case by its number and a person by a name. What may be named is read once,
 * when it is first asked for: a reading like any other, and in the log. */

#define OFFERED 9       /* of the newest */
#define OFFERED_MOST 15 /* of those that fit what was typed */

/* ---- what may be named ---- */

struct naming {
    struct cv_folder *folder;
    struct cv_json *list; /* the oldest first */
};

/* take(n, of, title): a cv_title_fn. */
static cv_status take(void *arg, const struct cv_version *of, struct cv_bytes title)
{
    struct naming *n = arg;
    struct cv_json *o = cv_json_object();
    struct cv_buf folded = { 0 };
    cv_status st = cv_fold(n->folder, title, &folded);
    st = CV_THEN(st, cv_json_set(o, "id", cv_json_str(of->id)));
    st = CV_THEN(st, cv_json_set(o, "title", cv_json_strn(title)));
    st = CV_THEN(st, cv_json_set(o, "folded", cv_json_strn(cv_buf_view(&folded))));
    st = CV_THEN(st, cv_json_push(n->list, cv_json_ref(o)));
    cv_json_free(o);
    cv_buf_free(&folded);
    return st;
}

/* read_names(f, type, list): the titles of all records of a type that this member may read. */
static cv_status read_names(struct cv_form *f, const char *type, struct cv_json *list, struct cv_err *err)
{
    struct naming n = { .list = list };
    struct cv_head_walk walk = { 0 };
    cv_status st = cv_folder_new(&n.folder);
    st = CV_THEN(st, cv_head_walk(f->v, type, true, &walk, err));
    st = CV_THEN(st, cv_record_titles_each(f->v, &walk, f->reason, take, &n, err));
    cv_head_walk_free(&walk);
    cv_folder_free(n.folder);
    return st;
}

/* names(f, type, out): borrowed. Where this vault asks why, and nobody said it, that is told, and ids are
 * left.
 */
static cv_status names(struct cv_form *f, const char *type, struct cv_json **out)
{
    struct cv_err why = { 0 };
    if (f->names == NULL && (f->names = cv_json_object()) == NULL)
        return CV_ERR_NOMEM;
    *out = cv_json_get(f->names, type);
    if (*out != NULL)
        return CV_OK;
    cv_status st = cv_json_set(f->names, type, cv_json_array());
    *out = cv_json_get(f->names, type);
    st = CV_THEN(st, read_names(f, type, *out, &why));
    if (st == CV_ERR_ARG) {
        cv_term_say(4, why.msg);
        return CV_OK;
    }
    return st == CV_OK ? CV_OK : cv_fail(&f->ui->err, st, "%s", why.msg);
}

const struct cv_json *cv_form_ref_title(const struct cv_form *f, const struct cv_template_field *field,
                                        const struct cv_json *id)
{
    const struct cv_json *list = field->to != NULL ? cv_json_get(f->names, field->to) : NULL;
    for (size_t i = 0; cv_json_is(id, CV_JSON_STRING) && i < cv_json_len(list); i++)
        if (cv_bytes_equal(cv_json_text(cv_json_get(cv_json_at(list, i), "id")), cv_json_text(id)))
            return cv_json_get(cv_json_at(list, i), "title");
    return NULL;
}

/* ---- a short list ---- */

/* alone(list, at): does no other have its title? */
static bool alone(const struct cv_json *list, size_t at)
{
    const struct cv_bytes title = cv_json_text(cv_json_get(cv_json_at(list, at), "title"));
    for (size_t i = 0; i < cv_json_len(list); i++)
        if (i != at && cv_bytes_equal(cv_json_text(cv_json_get(cv_json_at(list, i), "title")), title))
            return false;
    return true;
}

/* show(f): what is offered, by number; by ids too where titles do not tell them apart. */
static cv_status show(const struct cv_form *f)
{
    struct cv_buf line = { 0 };
    cv_status st = CV_OK;
    for (size_t i = 0; i < cv_json_len(f->offered) && st == CV_OK; i++) {
        const struct cv_json *one = cv_json_at(f->offered, i);
        cv_buf_truncate(&line, 0);
        st = cv_buf_printf(&line, "%2zu ", i + 1);
        st = CV_THEN(st, cv_buf_append(&line, cv_json_text(cv_json_get(one, "title"))));
        if (!alone(f->offered, i))
            st = CV_THEN(st, cv_buf_printf(&line, " (%s)", cv_json_get_str(one, "id")));
        if (st == CV_OK)
            cv_text_print(cv_buf_view(&line), 0, 7);
    }
    cv_buf_free(&line);
    return st;
}

cv_status cv_form_offer(struct cv_form *f, const struct cv_template_field *field)
{
    struct cv_json *list = NULL;
    cv_status st = names(f, field->to, &list);
    const size_t n = cv_json_len(list);
    cv_json_free(f->offered);
    f->offered = cv_json_array();
    st = f->offered == NULL ? CV_ERR_NOMEM : st;
    for (size_t i = 0; i < OFFERED && i < n && st == CV_OK; i++)
        st = cv_json_push(f->offered, cv_json_ref(cv_json_at(list, n - 1 - i)));
    if (st != CV_OK)
        return st;
    if (n == 0) {
        cv_term_say(4,
                    "There is none whose name you may read. An id is taken as well: `casevault record list` "
                    "in another terminal shows them.");
        return CV_OK;
    }
    cv_term_say(4, n > OFFERED ? "Type a number, a part of the name, or an id. The newest that you may read:"
                               : "Type a number, a part of the name, or an id. Those that you may read:");
    return show(f);
}

/* ---- what is meant ---- */

/* fitting(list, part, found, count): those whose title has the folded ${part} in it, the newest first; only
 * those that it is, where it is one's. ${count}: how many there are. */
static cv_status fitting(const struct cv_json *list, const char *part, struct cv_json **found, size_t *count)
{
    bool whole = false;
    cv_status st = (*found = cv_json_array()) != NULL ? CV_OK : CV_ERR_NOMEM;
    *count = 0;
    for (size_t i = 0; i < cv_json_len(list); i++)
        whole = whole || strcmp(cv_json_get_str(cv_json_at(list, i), "folded"), part) == 0;
    for (size_t i = cv_json_len(list); i-- > 0 && st == CV_OK;) {
        struct cv_json *one = cv_json_at(list, i);
        const char *folded = cv_json_get_str(one, "folded");
        if (whole ? strcmp(folded, part) != 0 : strstr(folded, part) == NULL)
            continue;
        if (++*count <= OFFERED_MOST)
            st = cv_json_push(*found, cv_json_ref(one));
    }
    return st;
}

/* say(one): how it was understood. */
static cv_status say(const struct cv_json *one)
{
    struct cv_buf text = { 0 };
    cv_status st = cv_buf_append(&text, cv_json_text(cv_json_get(one, "title")));
    st = CV_THEN(st, cv_buf_printf(&text, " (%s)", cv_json_get_str(one, "id")));
    if (st == CV_OK) {
        printf("    =");
        cv_text_print(cv_buf_view(&text), 5, 6);
    }
    cv_buf_free(&text);
    return st;
}

/* folded_part(part, out): as titles are; NUL-terminated, empty if there is no word in it. */
static cv_status folded_part(struct cv_bytes part, struct cv_buf *out)
{
    struct cv_folder *folder = NULL;
    cv_status st = cv_folder_new(&folder);
    st = CV_THEN(st, cv_fold(folder, part, out));
    cv_folder_free(folder);
    return CV_THEN(st, cv_buf_append(out, CV_LIT("\0")));
}

/* by_part(f, field, part, out, why): by a part of its title, if that is one record's alone. */
static cv_status by_part(struct cv_form *f, const struct cv_template_field *field, struct cv_bytes part,
                         struct cv_buf *out, const char **why)
{
    struct cv_json *list = NULL, *found = NULL;
    struct cv_buf folded = { 0 };
    size_t count = 0;
    cv_status st = names(f, field->to, &list);
    st = CV_THEN(st, folded_part(part, &folded));
    if (st == CV_OK && folded.n > 1)
        st = fitting(list, (const char *)folded.p, &found, &count);
    cv_buf_free(&folded);
    if (st == CV_OK && count == 1) {
        st = cv_buf_str(out, cv_json_get_str(cv_json_at(found, 0), "id"));
        st = CV_THEN(st, say(cv_json_at(found, 0)));
    } else if (st == CV_OK && count > 1) {
        cv_json_free(f->offered);
        f->offered = cv_json_ref(found);
        *why = count > OFFERED_MOST ? "These and more have that in them. Type more of it, or a number."
                                    : "These have that in them. Type more of it, or a number.";
        st = show(f);
        st = st == CV_OK ? CV_ERR_FORMAT : st;
    } else if (st == CV_OK) {
        *why = "No name or number that you may read has that in it, and it is no id. ? lists the newest.";
        st = CV_ERR_FORMAT;
    }
    cv_json_free(found);
    return st;
}

/* one_of(f, field, part, out, why): the id of the record that is meant. */
static cv_status one_of(struct cv_form *f, const struct cv_template_field *field, struct cv_bytes part,
                        struct cv_buf *out, const char **why)
{
    uint8_t raw[CV_ID_BYTES];
    uint64_t number = 0;
    if (cv_id_parse(part, raw, NULL) == CV_OK)
        return cv_buf_append(out, part);
    if (!cv_bytes_number(part, &number) || number < 1 || number > cv_json_len(f->offered))
        return by_part(f, field, part, out, why);
    const struct cv_json *one = cv_json_at(f->offered, number - 1);
    cv_status st = cv_buf_str(out, cv_json_get_str(one, "id"));
    return CV_THEN(st, say(one));
}

static struct cv_bytes bare(struct cv_bytes text)
{
    while (text.n > 0 && text.p[0] == ' ')
        text = CV_BYTES(text.p + 1, text.n - 1);
    while (text.n > 0 && text.p[text.n - 1] == ' ')
        text.n--;
    return text;
}

cv_status cv_form_refs(struct cv_form *f, const struct cv_template_field *field, struct cv_bytes line,
                       struct cv_buf *out, const char **why)
{
    cv_status st = CV_OK;
    for (size_t from = 0, i = 0; i <= line.n && st == CV_OK; i++) {
        if (i < line.n && (line.p[i] != ';' || !field->multi))
            continue;
        const struct cv_bytes part = bare(CV_BYTES(line.p + from, i - from));
        from = i + 1;
        if (part.n == 0)
            continue;
        st = out->n > 0 ? cv_buf_str(out, "; ") : CV_OK;
        st = CV_THEN(st, one_of(f, field, part, out, why));
    }
    return st;
}
