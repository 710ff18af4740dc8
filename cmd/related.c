#include <string.h>

#include "cmd/cmd.h"
#include "formats/graph.h"
#include "vault/shared.h"

/* related: what a case shares with others. */

#define SUFFIX ".html"

struct args {
    const char *output, *reason;
};
static const struct cv_opt opts[] = {
    { "output", 'o', "FILE.html", "also a page with a graph of it, a new file", offsetof(struct args, output),
      CV_OPT_TEXT },
    { "reason", 'r', "TEXT", "why; sealed into the access log", offsetof(struct args, reason), CV_OPT_TEXT },
    { 0 },
};

/* label_of(thing): its kind, for people. */
static const char *label_of(const struct cv_json *thing)
{
    const size_t k = cv_graph_kind(cv_json_get_str(thing, "kind"));
    return k < CV_GRAPH_KINDS ? _(cv_graph_kinds[k].label) : _("Other");
}

/* found_in(thing, id): what that case has of it; NULL if nothing. */
static const struct cv_json *found_in(const struct cv_json *thing, const char *id)
{
    const struct cv_json *cases = cv_json_get(thing, "cases");
    for (size_t i = 0; i < cv_json_len(cases); i++)
        if (strcmp(cv_json_get_str(cv_json_at(cases, i), "case"), id) == 0)
            return cv_json_at(cases, i);
    return NULL;
}

/* print_thing(thing, there): as this case has it, and as that one has it, if otherwise. */
static cv_status print_thing(const struct cv_json *thing, const struct cv_json *there)
{
    const char *text = cv_json_get_str(thing, "text"), *theirs = cv_json_get_str(there, "text");
    struct cv_buf line = { 0 };
    cv_status st = cv_buf_str(&line, text);
    if (strcmp(text, theirs) != 0)
        st = CV_THEN(st, cv_buf_printf(&line, _(" (there: %s)"), theirs));
    if (st == CV_OK)
        cv_text_print(cv_buf_view(&line), cv_text_label(2, label_of(thing)) + 1, 4);
    cv_buf_free(&line);
    return st;
}

static cv_status print_case(const struct cv_template *t, const struct cv_json *doc, const struct cv_json *o)
{
    const struct cv_json *shared = cv_json_get(doc, "shared");
    const char *id = cv_json_get_str(o, "case"), *title = cv_json_get_str(o, "title"),
               *type = cv_json_get_str(o, "type");
    cv_status st = CV_OK;
    printf("\n%s", id);
    if (strcmp(type, "case") != 0)
        cv_print("  (%s, in no case)", _(cv_template_label(t, type, NULL, NULL)));
    if (title != NULL) {
        printf("  ");
        cv_ui_print_text(cv_bytes_str(title));
    }
    printf("\n");
    for (size_t i = 0; i < cv_json_len(shared) && st == CV_OK; i++) {
        const struct cv_json *there = found_in(cv_json_at(shared, i), id);
        if (there != NULL)
            st = print_thing(cv_json_at(shared, i), there);
    }
    return st;
}

/* print_common(doc): what so many have that it joins nothing. */
static cv_status print_common(const struct cv_json *doc)
{
    const struct cv_json *shared = cv_json_get(doc, "shared");
    cv_status st = CV_OK;
    bool first = true;
    for (size_t i = 0; i < cv_json_len(shared) && st == CV_OK; i++) {
        const struct cv_json *thing = cv_json_at(shared, i);
        const long long more = (long long)cv_json_get_int(thing, "more");
        struct cv_buf line = { 0 };
        if (more == 0)
            continue;
        if (first)
            cv_print("\nIn so many records that it says little:\n");
        first = false;
        st = cv_buf_printf(&line, cv_words((uint64_t)more, "%s (in %lld other)", "%s (in %lld others)"),
                           cv_json_get_str(thing, "text"), more);
        if (st == CV_OK)
            cv_text_print(cv_buf_view(&line), cv_text_label(2, label_of(thing)), 4);
        cv_buf_free(&line);
    }
    return st;
}

/* say_closed(ui, doc): where it was not looked. */
static cv_status say_closed(const struct cv_ui *ui, const struct cv_json *doc)
{
    const struct cv_json *closed = cv_json_get(doc, "closed");
    struct cv_buf names = { 0 };
    cv_status st = CV_OK;
    for (size_t i = 0; i < cv_json_len(closed) && st == CV_OK; i++)
        st = cv_buf_printf(&names, "%s%s", i > 0 ? ", " : "", _(cv_json_cstr(cv_json_at(closed, i))));
    if (st == CV_OK && names.n > 0)
        cv_ui_say(ui, "Not looked into, since you may not read it: %.*s.", (int)names.n,
                  (const char *)names.p);
    cv_buf_free(&names);
    return st;
}

static cv_status print(const struct cv_ui *ui, const struct cv_template *t, const struct cv_json *doc)
{
    const struct cv_json *cases = cv_json_get(doc, "cases");
    cv_status st = CV_OK;
    printf("%s", cv_json_get_str(doc, "case"));
    if (cv_json_get(doc, "title") != NULL) {
        printf("  ");
        cv_ui_print_text(cv_json_text(cv_json_get(doc, "title")));
    }
    if (cv_json_len(cases) == 0)
        cv_print("\n  shares nothing with another case\n");
    else
        cv_print_n(stdout, cv_json_len(cases), "\n  shares something with %zu other:\n",
                   "\n  shares something with %zu others:\n", cv_json_len(cases));
    for (size_t i = 0; i < cv_json_len(cases) && st == CV_OK; i++)
        st = print_case(t, doc, cv_json_at(cases, i));
    st = CV_THEN(st, print_common(doc));
    return CV_THEN(st, say_closed(ui, doc));
}

/* write_page(ui, v, doc, path): the same as a page. */
static cv_status write_page(struct cv_ui *ui, const struct cv_vault *v, struct cv_json *doc, const char *path)
{
    char now[CV_TIME_BYTES], mark[CV_FINGERPRINT_BYTES];
    struct cv_buf page = { 0 };
    cv_vault_now(now);
    cv_vault_fingerprint(cv_vault_policy(v)->vault, mark);
    cv_status st = cv_json_set(doc, "vault", cv_json_str(mark));
    st = CV_THEN(st, cv_json_set(doc, "made", cv_json_str(now)));
    st = CV_THEN(st, cv_json_set(doc, "by", cv_json_str(cv_vault_me(v)->key.pseudonym)));
    st = CV_THEN(st, cv_json_set(doc, "training", cv_json_bool(cv_vault_policy(v)->training)));
    st = CV_THEN(st, cv_graph_page(doc, v->template, &page));
    st = CV_THEN(st, cv_ui_write_file(ui, path, cv_buf_view(&page)));
    cv_buf_free(&page);
    return cv_err_note(&ui->err, st, "graph");
}

static cv_status check(struct cv_ui *ui, const struct args *a)
{
    const size_t n = a->output != NULL ? strlen(a->output) : 0;
    if (a->output == NULL || (n > strlen(SUFFIX) && strcmp(a->output + n - strlen(SUFFIX), SUFFIX) == 0))
        return CV_OK;
    return cv_fail(&ui->err, CV_ERR_ARG, "-o: the page's name ends in %s", SUFFIX);
}

static cv_status run(struct cv_ui *ui, const void *args)
{
    const struct args *a = args;
    struct cv_opened o = { 0 };
    struct cv_json *doc = NULL;
    cv_status st = check(ui, a);
    st = CV_THEN(st, cv_ui_open(ui, &o));
    st = CV_THEN(st, cv_shared(o.vault, ui->words.w[0], a->reason, &doc, &ui->err));
    if (st == CV_OK && a->output != NULL)
        st = write_page(ui, o.vault, doc, a->output);
    if (st == CV_OK)
        st = ui->json ? cv_ui_answer(ui, doc) : print(ui, o.vault->template, doc);
    if (st == CV_OK)
        cv_ui_unread((size_t)cv_json_get_int(doc, "unread"), CV_UI_NOT_SEARCHED);
    if (st == CV_OK && a->output != NULL)
        cv_ui_say(ui, "The page is not sealed: it holds what you may read. Keep it as you keep the file.");
    cv_json_free(doc);
    cv_ui_close(&o);
    return st;
}

const struct cv_cmd cv_cmd_related = {
    .name = "related",
    .synopsis = "[-o FILE.html] [--reason TEXT] CASE",
    .summary = "what a case shares with others: persons, documents, telephones, vehicles",
    .details =
        "Also accounts, addresses, names of perpetrators and routes, in whichever alphabet they were typed; "
        "only over sections that you may read. What is shared is a lead, not a finding.",
    .opts = opts,
    .args_bytes = sizeof(struct args),
    .words_min = 1,
    .words_max = 1,
    .run = run,
};
