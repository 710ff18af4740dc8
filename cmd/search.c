#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"
#include "vault/index.h"
#include "vault/search.h"

/* search: which records say so. */

#define LIMIT 200

struct args {
    const char *type, *reason;
    uint64_t limit;
};
static const struct cv_opt opts[] = {
    { "type", 't', "TYPE", "only records of this type", offsetof(struct args, type), CV_OPT_TEXT },
    { "limit", 'n', "NUMBER", "at most so many records; 200 if it is not said", offsetof(struct args, limit),
      CV_OPT_COUNT },
    { "reason", 'r', "TEXT", "why; sealed into the access log", offsetof(struct args, reason), CV_OPT_TEXT },
    { 0 },
};

/* join(ui, out): the terms, as one text. They are a person's name more often than not: other users of this
 * machine see the words a process was started with, so these are taken away. */
static cv_status join(const struct cv_ui *ui, struct cv_buf *out)
{
    cv_status st = CV_OK;
    for (size_t i = 0; i < ui->words.n && st == CV_OK; i++) {
        char *word = (char *)(uintptr_t)ui->words.w[i];
        st = i > 0 ? cv_buf_str(out, " ") : CV_OK;
        st = CV_THEN(st, cv_buf_str(out, word));
        memset(word, '.', strlen(word));
    }
    return st;
}

/* ask(ui, out): from the terminal, or from standard input for "-". */
static cv_status ask(struct cv_ui *ui, struct cv_buf *out)
{
    char answer[CV_ANSWER_BYTES];
    if (ui->words.n == 1 && strcmp(ui->words.w[0], "-") == 0) {
        cv_status st = cv_ui_read_file(ui, "-", CV_QUERY_MAX_BYTES + 1, out);
        if (st == CV_ERR_LIMIT) { /* wrong usage, as what is typed is */
            ui->err = (struct cv_err){ 0 };
            return cv_fail(&ui->err, CV_ERR_ARG, "search terms: longer than %d bytes", CV_QUERY_MAX_BYTES);
        }
        while (out->n > 0 && (out->p[out->n - 1] == '\n' || out->p[out->n - 1] == '\r'))
            cv_buf_truncate(out, out->n - 1);
        return st;
    }
    if (ui->words.n > 0)
        return join(ui, out);
    cv_status st = cv_ui_ask(ui, "Search for", answer);
    st = CV_THEN(st, cv_buf_str(out, answer));
    cv_wipe(answer, sizeof(answer));
    return st;
}

/* ---- answers ---- */

static const struct cv_version *last(const struct cv_search_hit *hit)
{
    return &hit->versions.v[hit->versions.count - 1];
}

static cv_status print_objects(const struct cv_ui *ui, const struct cv_search *found)
{
    cv_status st = CV_OK;
    for (size_t i = 0; i < found->count && st == CV_OK; i++) {
        const struct cv_search_hit *hit = &found->hits[i];
        struct cv_json *o = cv_json_object();
        st = cv_json_set(o, "id", cv_json_str(last(hit)->id));
        st = CV_THEN(st, cv_json_set(o, "type", cv_json_str(last(hit)->type)));
        st = CV_THEN(st, cv_json_set(o, "version", cv_json_int((int64_t)last(hit)->version)));
        st = CV_THEN(st,
                     cv_json_set(o, "title", hit->title != NULL ? cv_json_str(hit->title) : cv_json_null()));
        st = CV_THEN(st, cv_json_set(o, "found_in", cv_json_ref(hit->places)));
        st = CV_THEN(st, cv_json_set(o, "almost", cv_json_bool(hit->almost)));
        st = CV_THEN(st, cv_ui_answer(ui, o));
        cv_json_free(o);
    }
    return st;
}

/* put_place(t, type, place, out): section.field, or section.field.part, by the label of the field. */
static cv_status put_place(const struct cv_template *t, const char *type, const char *place,
                           struct cv_buf *out)
{
    char name[2][CV_NAME_BYTES];
    const size_t n = strcspn(place, "."), m = place[n] == '.' ? strcspn(place + n + 1, ".") : 0;
    if (m == 0 || n >= sizeof(name[0]) || m >= sizeof(name[1]))
        return cv_buf_str(out, place);
    snprintf(name[0], sizeof(name[0]), "%.*s", (int)n, place);
    snprintf(name[1], sizeof(name[1]), "%.*s", (int)m, place + n + 1);
    return cv_buf_str(out, _(cv_template_label(t, type, name[0], name[1])));
}

static cv_status print_table(const struct cv_template *template, const struct cv_search *found)
{
    struct cv_table t = { .columns = 4 };
    cv_status st = CV_OK;
    cv_table_cell(&t, _("RECORD"));
    cv_table_cell(&t, _("TYPE"));
    cv_table_cell(&t, _("TITLE"));
    cv_table_cell(&t, _("FOUND IN"));
    for (size_t i = 0; i < found->count && st == CV_OK; i++) {
        const struct cv_search_hit *hit = &found->hits[i];
        struct cv_buf places = { 0 };
        for (size_t k = 0; k < cv_json_len(hit->places) && st == CV_OK; k++) {
            st = cv_buf_str(&places, k > 0 ? ", " : "");
            st = CV_THEN(
                st, put_place(template, last(hit)->type, cv_json_cstr(cv_json_at(hit->places, k)), &places));
        }
        if (st == CV_OK && hit->almost)
            st = cv_buf_str(&places, _(" (almost)"));
        st = CV_THEN(st, cv_buf_append(&places, CV_LIT("\0")));
        cv_table_cell(&t, last(hit)->id);
        cv_table_cell(&t, last(hit)->type);
        cv_table_cell(&t, hit->title != NULL ? hit->title : "-");
        cv_table_cell(&t, st == CV_OK ? (const char *)places.p : "-");
        cv_buf_free(&places);
    }
    cv_table_print(&t);
    return st;
}

/* tell(ui, v, found): what the list does not say by itself. */
static void tell(const struct cv_ui *ui, const struct cv_search *found)
{
    for (size_t i = 0; i < cv_json_len(found->almost); i++) {
        fflush(stdout);
        if (ui->quiet)
            break;
        cv_print_to(stderr, "No record has the word ");
        cv_ui_put_text(stderr, cv_json_text(cv_json_at(found->almost, i)));
        cv_print_to(stderr, "; names are shown that are spelled almost so.\n");
    }
    if (found->widened && cv_json_len(found->almost) == 0)
        cv_ui_say(ui, "No record has all of these words; names are shown that are spelled almost so.");
    if (found->count == 0)
        cv_ui_say(ui, "Nothing found in what you may read.");
    else if (found->found > found->count)
        cv_ui_say_n(ui, found->found, "%zu of %zu record; --limit NUMBER shows more.",
                    "%zu of %zu records; --limit NUMBER shows more.", found->count, found->found);
    else
        cv_ui_say_n(ui, found->count, "%zu record.", "%zu records.", found->count);
    if (found->granted_left > 0)
        cv_ui_say_n(ui, found->granted_left,
                    "Of what was granted to you only the newest %d were searched; %zu was not.",
                    "Of what was granted to you only the newest %d were searched; %zu were not.",
                    CV_INDEX_GRANTED_MAX, found->granted_left);
    cv_ui_unread(found->unread, CV_UI_NOT_SEARCHED);
}

static cv_status check_type(struct cv_ui *ui, const struct cv_template *t, const char *type)
{
    const char *known;
    for (size_t i = 0; type != NULL && (known = cv_template_type(t, i)) != NULL; i++)
        if (strcmp(known, type) == 0)
            return CV_OK;
    return type == NULL
               ? CV_OK
               : cv_fail(&ui->err, CV_ERR_ARG, "there is no type %.32s; see `record list --help`", type);
}

static cv_status run(struct cv_ui *ui, const void *args)
{
    const struct args *a = args;
    struct cv_opened o = { 0 };
    struct cv_search found = { 0 };
    struct cv_buf terms = { 0 };
    struct cv_query *query = calloc(1, sizeof(*query));
    cv_status st = query == NULL ? CV_ERR_NOMEM : ask(ui, &terms);
    st = CV_THEN(st, cv_query_parse(cv_buf_view(&terms), query, &ui->err));
    st = CV_THEN(st, cv_ui_open(ui, &o));
    st = CV_THEN(st, check_type(ui, o.vault->template, a->type));
    const struct cv_search_ask what = { .query = query,
                                        .terms = query != NULL ? query->text : NULL,
                                        .type = a->type,
                                        .reason = a->reason,
                                        .limit = a->limit > 0 ? (size_t)a->limit : LIMIT };
    st = CV_THEN(st, cv_search(o.vault, &what, &found, &ui->err));
    if (st == CV_OK && ui->json)
        st = print_objects(ui, &found);
    else if (st == CV_OK && found.count > 0)
        st = print_table(o.vault->template, &found);
    if (st == CV_OK)
        tell(ui, &found);
    cv_search_free(&found);
    cv_buf_free(&terms);
    if (query != NULL)
        cv_wipe(query, sizeof(*query));
    free(query);
    cv_ui_close(&o);
    return st;
}

const struct cv_cmd cv_cmd_search = {
    .name = "search",
    .synopsis = "[--type TYPE] [--limit NUMBER] [--reason TEXT] [TERMS... | -]",
    .summary = "find records by what they say, in whichever alphabet it was written",
    .details =
        "All words must be met, in any field or section that you may read: Jovana Belgrade. Between words "
        "may stand OR, NOT and brackets: Jovana (Belgrade OR Vienna) NOT Nis. \"two words\" are met side by "
        "side, Jov* begins so, Jovanna~ is a name spelled almost so; without the ~ such names are taken "
        "where a "
        "word is found nowhere. field:value looks in one field or section: city:Vienna, "
        "birth_date:1990..1995-06, opened:2024. A date that is known only in part is met by every day that "
        "it may be. Numbers of telephones and documents are met however they are "
        "spaced. Without TERMS they are asked for, and - reads them from standard input: so no name comes "
        "into "
        "the history of your shell. Searching is logged, with the terms and what was found.",
    .opts = opts,
    .args_bytes = sizeof(struct args),
    .words_max = CV_WORDS_MAX,
    .run = run,
};
