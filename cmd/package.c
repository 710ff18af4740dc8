#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"
#include "vault/package.h"

/* package new, approve, list: what is to leave, who agrees to it, and what has left. `package write` stands
 * in package_write.c. */

/* ---- showing a plan ---- */

static const char *ground_text(const char *ground)
{
    return strcmp(ground, "profile") == 0 ? _("not in the profile")
           : strcmp(ground, "right") == 0 ? _("not yours to send")
           : strcmp(ground, "named") == 0 ? _("goes only where it is named: --statement RECORD.NUMBER")
                                          : _("left out, as you asked");
}

/* line_is(line, section, ground): of that section, for that reason (NULL: it goes). */
static bool line_is(const struct cv_json *line, const char *section, const char *ground)
{
    const char *g = cv_json_get_str(line, "ground");
    return strcmp(cv_json_get_str(line, "section"), section) == 0 &&
           (ground == NULL ? g == NULL : g != NULL && strcmp(g, ground) == 0);
}

/* put_fields(t, type, lines, section, ground, out): the section, and the labels of its fields that share this
 * fate; nothing if none does. */
static cv_status put_fields(const struct cv_template *t, const char *type, const struct cv_json *lines,
                            const char *section, const char *ground, struct cv_buf *out)
{
    bool any = false, named = false;
    cv_status st = CV_OK;
    for (size_t i = 0; i < cv_json_len(lines) && st == CV_OK; i++) {
        const char *field = cv_json_get_str(cv_json_at(lines, i), "field");
        if (!line_is(cv_json_at(lines, i), section, ground))
            continue;
        if (!any)
            st = cv_buf_printf(out, "%s%s", out->n > 0 ? "; " : "",
                               _(cv_template_label(t, type, section, NULL)));
        if (field[0] != '\0')
            st = CV_THEN(st, cv_buf_printf(out, "%s%s", named ? ", " : ": ",
                                           _(cv_template_label(t, type, section, field))));
        any = true;
        named = named || field[0] != '\0';
    }
    return st;
}

/* print_fate(ground, text): a line, if there is anything of it; ${text} is emptied. */
static cv_status print_fate(const char *ground, struct cv_buf *text)
{
    cv_status st = CV_OK;
    if (text->n > 0 && ground != NULL)
        st = cv_buf_printf(text, " (%s)", ground_text(ground));
    if (text->n > 0 && st == CV_OK)
        cv_text_print(cv_buf_view(text), cv_text_lead(ground == NULL ? N_("  goes ") : N_("  stays")), 10);
    cv_buf_truncate(text, 0);
    return st;
}

/* print_record(t, o): what goes of it, section by section; what stays, reason by reason. */
static cv_status print_record(const struct cv_template *t, const struct cv_json *o)
{
    static const char *const grounds[] = { "named", "choice", "right", "profile" };
    const struct cv_json *lines = cv_json_get(o, "lines");
    const char *type = cv_json_get_str(o, "type"), *section;
    const struct cv_bytes title = cv_json_text(cv_json_get(o, "title"));
    struct cv_buf text = { 0 };
    cv_status st = CV_OK;
    fputc('\n', stdout);
    const size_t column =
        cv_text_lead("%s %s", _(cv_template_label(t, type, NULL, NULL)), cv_json_get_str(o, "record"));
    if (title.n > 0)
        cv_text_print(title, column, 2);
    else
        fputc('\n', stdout);
    for (size_t i = 0; st == CV_OK && (section = cv_template_type_section(t, type, i)) != NULL; i++) {
        st = put_fields(t, type, lines, section, NULL, &text);
        st = CV_THEN(st, print_fate(NULL, &text));
    }
    for (size_t g = 0; g < sizeof(grounds) / sizeof(grounds[0]) && st == CV_OK; g++) {
        for (size_t i = 0; st == CV_OK && (section = cv_template_type_section(t, type, i)) != NULL; i++)
            st = put_fields(t, type, lines, section, grounds[g], &text);
        st = CV_THEN(st, print_fate(grounds[g], &text));
    }
    cv_buf_free(&text);
    return st;
}

/* title_of(shown, id): a person's name, as far as it was read; else the id. */
static struct cv_bytes title_of(const struct cv_json *shown, const char *id)
{
    for (size_t i = 0; i < cv_json_len(shown); i++) {
        const struct cv_json *o = cv_json_at(shown, i);
        const struct cv_bytes title = cv_json_text(cv_json_get(o, "title"));
        if (strcmp(cv_json_get_str(o, "record"), id) == 0 && title.n > 0)
            return title;
    }
    return strcmp(id, "-") == 0 ? cv_bytes_str(_("whose it is, is not known")) : cv_bytes_str(id);
}

/* same_lack(a, b): of one person, for one reason: one line will do for both. */
static bool same_lack(const struct cv_json *a, const struct cv_json *b)
{
    return strcmp(cv_json_get_str(a, "person"), cv_json_get_str(b, "person")) == 0 &&
           strcmp(cv_json_get_str(a, "why"), cv_json_get_str(b, "why")) == 0;
}

/* print_lack(t, missing, i, shown): whose consent is missing, for which sections; once for each person and
 * reason. */
static cv_status print_lack(const struct cv_template *t, const struct cv_json *missing, size_t i,
                            const struct cv_json *shown)
{
    const struct cv_json *o = cv_json_at(missing, i);
    struct cv_buf text = { 0 };
    for (size_t j = 0; j < i; j++)
        if (same_lack(cv_json_at(missing, j), o))
            return CV_OK;
    cv_status st = cv_buf_append(&text, title_of(shown, cv_json_get_str(o, "person")));
    for (size_t j = i; j < cv_json_len(missing) && st == CV_OK; j++)
        if (same_lack(cv_json_at(missing, j), o))
            st = cv_buf_printf(
                &text, "%s%s", j > i ? ", " : _(", to "),
                _(cv_template_label(t, "", cv_json_get_str(cv_json_at(missing, j), "section"), NULL)));
    st = CV_THEN(st, cv_buf_printf(&text, ": %s", _(cv_json_get_str(o, "why"))));
    cv_text_print(cv_buf_view(&text), cv_text_lead("  MISSING"), 12);
    cv_buf_free(&text);
    return st;
}

/* print_consent(doc, shown): whose covers what, and where it is missing. */
static cv_status print_consent(const struct cv_template *t, const struct cv_json *doc,
                               const struct cv_json *shown)
{
    const struct cv_json *given = cv_json_get(doc, "consents"), *missing = cv_json_get(doc, "missing");
    cv_status st = CV_OK;
    cv_print("\nConsent\n");
    for (size_t i = 0; i < cv_json_len(given) && st == CV_OK; i++) {
        const struct cv_json *o = cv_json_at(given, i), *list = cv_json_get(o, "sections");
        const struct cv_bytes who = title_of(shown, cv_json_get_str(o, "person"));
        struct cv_buf text = { 0 };
        st = cv_buf_append(&text, who);
        for (size_t j = 0; j < cv_json_len(list) && st == CV_OK; j++)
            st = cv_buf_printf(&text, "%s%s", j > 0 ? ", " : _(", to "),
                               _(cv_template_label(t, "", cv_json_cstr(cv_json_at(list, j)), NULL)));
        st = CV_THEN(st, cv_buf_printf(&text, " (%s)", cv_json_get_str(o, "record")));
        cv_text_print(cv_buf_view(&text), cv_text_lead("  given  "), 12);
        cv_buf_free(&text);
    }
    for (size_t i = 0; i < cv_json_len(missing) && st == CV_OK; i++)
        st = print_lack(t, missing, i, shown);
    const struct cv_bytes basis = cv_json_text(cv_json_get(doc, "basis"));
    if (basis.n > 0)
        cv_text_print(basis, cv_text_lead("  LEGAL BASIS where consent is missing:"), 4);
    return st;
}

/* print_head(doc): which package it is. */
static void print_head(const struct cv_json *doc)
{
    const struct cv_json *to = cv_json_get(doc, "partner");
    char shown[CV_MOMENT_BYTES];
    cv_print("Package %s\n", cv_json_get_str(doc, "package"));
    cv_text_print(cv_json_text(cv_json_get(to, "name")), cv_text_lead("  for"), 6);
    cv_text_print(cv_json_text(cv_json_get(to, "recipient")), cv_text_lead("  sealed to"), 12);
    cv_print("  profile %s, purpose %s, to be used until %s\n", cv_json_get_str(doc, "profile"),
             cv_json_get_str(doc, "purpose"), cv_locale_day(cv_json_get_str(doc, "expires"), shown));
}

/* answer(ui, doc, shown): the same for machines. */
static cv_status answer(struct cv_ui *ui, const struct cv_json *doc, struct cv_json *shown)
{
    struct cv_json *o = cv_json_copy(doc);
    cv_status st = shown != NULL ? cv_json_set(o, "shown", cv_json_ref(shown)) : CV_OK;
    st = CV_THEN(st, cv_ui_answer(ui, o));
    cv_json_free(o);
    return st;
}

static cv_status show_plan(struct cv_ui *ui, const struct cv_template *t, const struct cv_plan *plan)
{
    cv_status st = CV_OK;
    if (ui->json)
        return answer(ui, plan->doc, plan->shown);
    print_head(plan->doc);
    for (size_t i = 0; i < cv_json_len(plan->shown) && st == CV_OK; i++)
        st = print_record(t, cv_json_at(plan->shown, i));
    return CV_THEN(st, print_consent(t, plan->doc, plan->shown));
}

/* ---- package new ---- */

struct new_args {
    struct cv_words without, statements;
    const char *case_id, *to, *profile, *basis, *expires, *reason;
    bool dry_run;
};
static const struct cv_opt new_opts[] = {
    { "case", 'c', "ID", "the case", offsetof(struct new_args, case_id), CV_OPT_TEXT },
    { "to", 't', "PARTNER", "for whom: a partner's name or id, as in `partner list`",
      offsetof(struct new_args, to), CV_OPT_TEXT },
    { "profile", 'p', "NAME", "what such a package may carry", offsetof(struct new_args, profile),
      CV_OPT_TEXT },
    { "without", 'w', "WHAT", "leave out a SECTION, a SECTION.FIELD or a record's ID (again)",
      offsetof(struct new_args, without), CV_OPT_LIST },
    { "statement", 's', "ID.N", "a statement that goes: its record, and its number from 1 (again)",
      offsetof(struct new_args, statements), CV_OPT_LIST },
    { "legal-basis", 0, "TEXT",
      "on what it goes where consent is missing; stands in the package and in the log",
      offsetof(struct new_args, basis), CV_OPT_TEXT },
    { "expires", 0, "DATE", "the last day on which the partner may use it (default: in a year)",
      offsetof(struct new_args, expires), CV_OPT_TEXT },
    { "dry-run", 'n', NULL, "only show it", offsetof(struct new_args, dry_run), CV_OPT_FLAG },
    { "reason", 'r', "TEXT", "why; sealed into the access log", offsetof(struct new_args, reason),
      CV_OPT_TEXT },
    { 0 },
};

/* next(ui, v, plan): what is to be done now. */
static void next(struct cv_ui *ui, const struct cv_vault *v, const struct cv_plan *plan)
{
    const char *id = cv_json_get_str(plan->doc, "package");
    const unsigned need = cv_vault_policy(v)->package_quorum;
    if (need > 0)
        cv_ui_say_n(
            ui, need, "\nNothing has left yet. It waits for the approval of %u other: `package approve %s`",
            "\nNothing has left yet. It waits for the approval of %u others: `package approve %s`", need, id);
    else
        cv_ui_say(ui, "\nNothing has left yet. To make it: `package write %s -o FILE`", id);
}

static cv_status run_new(struct cv_ui *ui, const void *args)
{
    const struct new_args *a = args;
    struct cv_opened o = { 0 };
    struct cv_plan plan = { 0 };
    if (a->case_id == NULL || a->to == NULL || a->profile == NULL)
        return cv_fail(&ui->err, CV_ERR_ARG, "wanted: --case ID, --to PARTNER and --profile NAME");
    const struct cv_package_request q = { .case_id = a->case_id,
                                          .partner = a->to,
                                          .profile = a->profile,
                                          .without = a->without.w,
                                          .statements = a->statements.w,
                                          .basis = a->basis,
                                          .expires = a->expires,
                                          .reason = a->reason };
    if (a->basis != NULL && strspn(a->basis, " ") == strlen(a->basis))
        return cv_fail(&ui->err, CV_ERR_ARG, "--legal-basis wants the law, or the order, that allows it");
    cv_status st = cv_ui_open(ui, &o);
    st = CV_THEN(st, cv_plan_make(o.vault, &q, &plan, &ui->err));
    st = CV_THEN(st, show_plan(ui, o.vault->template, &plan));
    if (st == CV_OK)
        cv_ui_unread(plan.unread, CV_UI_LEFT_OUT);
    if (st == CV_OK && !a->dry_run) {
        st = cv_plan_ask(o.vault, &plan, a->reason, &ui->err);
        if (st == CV_ERR_CONSENT)
            ui->hint =
                "ask for it (`consent give`), leave it out (--without), or name the law that allows it "
                "without (--legal-basis)";
        if (st == CV_OK)
            next(ui, o.vault, &plan);
    }
    cv_plan_free(&plan);
    cv_ui_close(&o);
    return st;
}

const struct cv_cmd cv_cmd_package_new = {
    .name = "package new",
    .synopsis = "--case ID --to PARTNER --profile NAME [--without WHAT]... [--statement ID.N]...",
    .summary = "choose what of a case goes to a partner; shows it, and asks for approval",
    .details = "Shows field by field what will go, what stays and why, and whose consent covers it. Nothing "
               "leaves before `package write`. You can narrow what the profile carries, not widen it. "
               "Statements go only where they are named.",
    .opts = new_opts,
    .args_bytes = sizeof(struct new_args),
    .run = run_new,
};

/* ---- package approve ---- */

struct approve_args {
    const char *reason;
    bool yes;
};
static const struct cv_opt approve_opts[] = {
    { "yes", 'y', NULL, "do not ask", offsetof(struct approve_args, yes), CV_OPT_FLAG },
    { "reason", 'r', "TEXT", "why; sealed into the access log", offsetof(struct approve_args, reason),
      CV_OPT_TEXT },
    { 0 },
};

/* show_asked(ui, t, d): what would go, by names of fields: whoever approves may read the records. */
static cv_status show_asked(struct cv_ui *ui, const struct cv_template *t, const struct cv_dispatch *d)
{
    const struct cv_json *items = cv_json_get(d->doc, "items"), *stays = cv_json_get(d->doc, "withheld");
    char shown[CV_MOMENT_BYTES];
    cv_status st = CV_OK;
    if (ui->json)
        return answer(ui, d->doc, NULL);
    print_head(d->doc);
    cv_print("  asked for by %s on %s\n", d->by, cv_locale_day(cv_json_get_str(d->doc, "time"), shown));
    for (size_t i = 0; i < cv_json_len(items) && st == CV_OK; i++) {
        const struct cv_json *o = cv_json_at(items, i), *fields = cv_json_get(o, "fields");
        struct cv_buf text = { 0 };
        cv_print("\n%s %s, version %lld\n", _(cv_template_label(t, cv_json_get_str(o, "type"), NULL, NULL)),
                 cv_json_get_str(o, "record"), (long long)cv_json_get_int(o, "version"));
        for (size_t j = 0; j < cv_json_len(fields) && st == CV_OK; j++) {
            const char *pointer = cv_json_cstr(cv_json_at(fields, j));
            st = cv_buf_printf(&text, "%s%s", j > 0 ? ", " : "", pointer[0] == '/' ? pointer + 1 : pointer);
        }
        for (size_t j = 0; j < text.n; j++)
            text.p[j] = text.p[j] == '/' ? '.' : text.p[j];
        cv_text_print(cv_buf_view(&text), cv_text_lead("  goes "), 10);
        cv_buf_free(&text);
        for (size_t j = 0; j < cv_json_len(stays); j++) {
            const struct cv_json *s = cv_json_at(stays, j);
            if (strcmp(cv_json_get_str(s, "record"), cv_json_get_str(o, "record")) != 0)
                continue;
            cv_print("  stays %s (%s)\n", _(cv_template_label(t, "", cv_json_get_str(s, "section"), NULL)),
                     ground_text(cv_json_get_str(s, "ground")));
        }
    }
    return CV_THEN(st, print_consent(t, d->doc, NULL));
}

static cv_status run_approve(struct cv_ui *ui, const void *args)
{
    const struct approve_args *a = args;
    struct cv_opened o = { 0 };
    struct cv_dispatches list = { 0 };
    cv_status st = cv_ui_open(ui, &o);
    st = CV_THEN(st, cv_dispatches(o.vault, ui->words.w[0], &list, &ui->err));
    st = CV_THEN(st, show_asked(ui, o.vault->template, &list.d[0]));
    if (st == CV_OK && !a->yes) {
        fflush(stdout);
        st = cv_ui_confirm(ui, "\nApprove that this goes? Type yes", "yes");
    }
    st = CV_THEN(st, cv_dispatch_approve(o.vault, &list.d[0], a->reason, &ui->err));
    if (st == CV_OK)
        cv_ui_say(ui, "\nApproved: %zu of %u.", cv_json_len(list.d[0].approved) + 1, list.d[0].need);
    cv_dispatches_free(&list);
    cv_ui_close(&o);
    return st;
}

const struct cv_cmd cv_cmd_package_approve = {
    .name = "package approve",
    .synopsis = "[--yes] PACKAGE",
    .summary = "see what somebody else wants to send, and agree to it",
    .opts = approve_opts,
    .args_bytes = sizeof(struct approve_args),
    .words_min = 1,
    .words_max = 1,
    .run = run_approve,
};

/* ---- package list ---- */

struct list_args {
    const char *case_id;
};
static const struct cv_opt list_opts[] = {
    { "case", 'c', "ID", "of this case", offsetof(struct list_args, case_id), CV_OPT_TEXT },
    { 0 },
};

/* state_of(d, out): in a few words. */
static void state_of(const struct cv_dispatch *d, char *out, size_t size)
{
    const size_t have = cv_json_len(d->approved);
    char shown[CV_MOMENT_BYTES];
    if (d->sent != NULL)
        snprintf(out, size, _("made %s by %s"), cv_locale_day(cv_json_get_str(d->sent, "time"), shown),
                 d->sent_by);
    else if (have < d->need)
        snprintf(out, size, cv_words(d->need, "waits: %zu of %u approval", "waits: %zu of %u approvals"),
                 have, d->need);
    else
        snprintf(out, size, _("may be made until %s"),
                 cv_locale_day(cv_json_get_str(d->doc, "until"), shown));
}

static cv_status list_json(struct cv_ui *ui, const struct cv_dispatch *d)
{
    struct cv_json *o = cv_json_copy(d->doc);
    cv_status st = cv_json_set(o, "asked_by", cv_json_str(d->by));
    st = CV_THEN(st, cv_json_set(o, "approved_by", cv_json_ref(d->approved)));
    st = CV_THEN(st, cv_json_set(o, "needed", cv_json_int(d->need)));
    if (d->sent != NULL) {
        st = CV_THEN(st, cv_json_set(o, "made", cv_json_ref(cv_json_get(d->sent, "time"))));
        st = CV_THEN(st, cv_json_set(o, "made_by", cv_json_str(d->sent_by)));
        st = CV_THEN(st, cv_json_set(o, "manifest", cv_json_ref(cv_json_get(d->sent, "manifest"))));
    }
    st = CV_THEN(st, cv_ui_answer(ui, o));
    cv_json_free(o);
    return st;
}

/* list_plain(d): two lines; ids are not broken. */
static void list_plain(const struct cv_dispatch *d)
{
    char state[256];
    state_of(d, state, sizeof(state));
    cv_print("%s  %s\n  %s, %s, case %s\n", cv_json_get_str(d->doc, "package"), state,
             cv_json_get_str(d->doc, "purpose"),
             cv_json_get_str(d->doc, "basis")[0] != '\0' ? _("on a LEGAL BASIS") : _("on consent"),
             cv_json_get_str(d->doc, "record"));
    cv_text_print(cv_json_text(cv_json_get(cv_json_get(d->doc, "partner"), "name")), cv_text_lead("  to"), 4);
}

static cv_status run_list(struct cv_ui *ui, const void *args)
{
    const struct list_args *a = args;
    struct cv_opened o = { 0 };
    struct cv_dispatches list = { 0 };
    cv_status st = cv_ui_open(ui, &o);
    st = CV_THEN(st, cv_dispatches(o.vault, NULL, &list, &ui->err));
    for (size_t i = 0; i < list.count && st == CV_OK; i++) {
        if (a->case_id != NULL && strcmp(cv_json_get_str(list.d[i].doc, "record"), a->case_id) != 0)
            continue;
        if (ui->json)
            st = list_json(ui, &list.d[i]);
        else
            list_plain(&list.d[i]);
    }
    if (st == CV_OK && list.count == 0)
        cv_ui_say(ui, "Nothing was asked to leave yet; see `package new`.");
    cv_dispatches_free(&list);
    cv_ui_close(&o);
    return st;
}

const struct cv_cmd cv_cmd_package_list = {
    .name = "package list",
    .synopsis = "[--case ID]",
    .summary = "list what was asked to leave, what waits, and what has left",
    .opts = list_opts,
    .args_bytes = sizeof(struct list_args),
    .run = run_list,
};
