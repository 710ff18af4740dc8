#include <ctype.h>
#include <string.h>

#include "cmd/cmd.h"
#include "formats/age.h"
#include "formats/date.h"
#include "vault/partner.h"

/* partner add / list: whom packages may go to, and what seals them. */

#define BY_PASSPHRASE N_("passphrase") /* in the place of a recipient */

struct add_args {
    const char *name, *purpose, *country, *recipient, *type, *city, *phone, *print, *reason;
    bool passphrase;
};
#define ADD(field) offsetof(struct add_args, field), CV_OPT_TEXT
static const struct cv_opt add_opts[] = {
    { "name", 'n', "NAME", "what packages will call them", ADD(name) },
    { "purpose", 'p', "PURPOSE", "what they get packages for, as in Prosecution", ADD(purpose) },
    { "country", 'c', "CC", "the country, in two capital letters", ADD(country) },
    { "recipient", 0, "age1...", "the age key that packages to them are sealed to", ADD(recipient) },
    { "passphrase", 0, NULL, "they have no age key: packages are sealed to a passphrase",
      offsetof(struct add_args, passphrase), CV_OPT_FLAG },
    { "print", 'f', "PRINT", "what they read out to you; refused if it is not the key's", ADD(print) },
    { "type", 't', "KIND", "what kind of organisation they are", ADD(type) },
    { "city", 0, "CITY", "where they are", ADD(city) },
    { "phone", 0, "NUMBER", "their telephone, as in +38111555010", ADD(phone) },
    { "reason", 'r', "TEXT", "why; sealed into the access log", ADD(reason) },
    { 0 },
};

static cv_status check_add(struct cv_ui *ui, const struct add_args *a)
{
    if (a->name == NULL || a->purpose == NULL || a->country == NULL ||
        (a->recipient == NULL) != a->passphrase)
        return cv_fail(&ui->err, CV_ERR_ARG,
                       "wanted: --name NAME, --purpose PURPOSE, --country CC, and either --recipient age1... "
                       "or --passphrase");
    if (a->passphrase && a->print != NULL)
        return cv_fail(&ui->err, CV_ERR_ARG, "--print is of a recipient; a passphrase has no fingerprint");
    return CV_OK;
}

/* fingerprint(recipient, print, err): CV_ERR_FORMAT if it is no good recipient. */
static cv_status fingerprint(const char *recipient, char print[static CV_FINGERPRINT_BYTES],
                             struct cv_err *err)
{
    struct cv_age_recipient *r = NULL;
    cv_status st = cv_age_recipient_x25519(cv_bytes_str(recipient), &r, err);
    cv_age_recipient_free(r);
    return CV_THEN(st, cv_age_fingerprint(cv_bytes_str(recipient), print));
}

/* build(a, directory, record): all but the day of confirmation. */
static cv_status build(const struct add_args *a, struct cv_json *directory, struct cv_json *record)
{
    const struct {
        const char *field, *value;
    } fields[] = { { "name", a->name },
                   { "type", a->type },
                   { "city", a->city },
                   { "country", a->country },
                   { "phone", a->phone },
                   { "purpose", a->purpose },
                   { "age_recipient", a->passphrase ? BY_PASSPHRASE : a->recipient } };
    cv_status st = cv_json_set(record, "type", cv_json_str("partner"));
    st = CV_THEN(st, cv_json_set(record, "directory", cv_json_ref(directory)));
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]) && st == CV_OK; i++)
        if (fields[i].value != NULL)
            st = cv_json_set(directory, fields[i].field, cv_json_str(fields[i].value));
    return st;
}

/* check_name(ui, v, a): packages name their recipient by it, so it is nobody else's, as far as we see. */
static cv_status check_name(struct cv_ui *ui, struct cv_vault *v, const struct add_args *a)
{
    struct cv_partners list = { 0 };
    cv_status st = cv_partners(v, a->reason, &list, &ui->err);
    for (size_t i = 0; i < list.count && st == CV_OK; i++) {
        const char *known = cv_json_get_str(list.p[i].directory, "name");
        if (known != NULL && strcmp(known, a->name) == 0)
            st = cv_fail(&ui->err, CV_ERR_EXISTS,
                         "there is a partner %.80s already, record %s; packages name their recipient by it",
                         a->name, list.p[i].id);
    }
    cv_partners_free(&list);
    return st;
}

/* same_print(said, print): the same digits, however they are grouped, in small letters or capitals. */
static bool same_print(const char *said, const char *print)
{
    static const char *const gaps = " -";
    for (;; said++, print++) {
        said += strspn(said, gaps);
        print += strspn(print, gaps);
        if (tolower((unsigned char)*said) != *print)
            return false;
        if (*print == '\0')
            return true;
    }
}

/* confirm(ui, a, print): the key is theirs: they read its fingerprint out. */
static cv_status confirm(struct cv_ui *ui, const struct add_args *a, const char *print)
{
    char answer[CV_ANSWER_BYTES];
    const char *said = a->print;
    cv_status st = CV_OK;
    if (said == NULL) {
        cv_ui_say(ui,
                  "This key's fingerprint is %s.\n"
                  "Call them on a number that you knew before, and let them read out theirs.\n"
                  "They get it as the first 20 digits of\n"
                  "    printf %%s age1... | sha256sum",
                  print);
        st = cv_ui_ask(ui, "Type what they read out", answer);
        said = answer;
    }
    if (st != CV_OK || same_print(said, print))
        return st;
    ui->hint = "let them send the key another way, and call them again";
    return cv_fail(&ui->err, CV_ERR_DENIED,
                   "the key's fingerprint is %s, not what was read out: it is not theirs; nothing was stored",
                   print);
}

/* prepare(ui, v, a, ...): all that can be refused, is, before somebody makes a telephone call. */
static cv_status prepare(struct cv_ui *ui, struct cv_vault *v, const struct add_args *a, const char *print,
                         struct cv_json *directory, struct cv_json *record)
{
    char today[CV_DATE_BYTES];
    cv_status st = cv_record_may_create(v, "directory", a->reason, &ui->err);
    st = CV_THEN(st, build(a, directory, record));
    st = CV_THEN(st, cv_ui_choice(ui, v->template, "partner", "directory", "purpose", a->purpose));
    st = CV_THEN(st, cv_ui_choice(ui, v->template, "partner", "directory", "type", a->type));
    st = CV_THEN(st, cv_template_check(v->template, record, &ui->err));
    st = CV_THEN(st, check_name(ui, v, a));
    if (a->passphrase)
        return st;
    cv_date_today(0, today);
    st = CV_THEN(st, confirm(ui, a, print));
    st = CV_THEN(st, cv_json_set(directory, "fingerprint", cv_json_str(print)));
    return CV_THEN(st, cv_json_set(directory, "confirmed", cv_json_str(today)));
}

static cv_status tell_added(const struct cv_ui *ui, const struct add_args *a, const char *print,
                            const struct cv_stored *stored)
{
    if (ui->json)
        return cv_ui_stored(ui, stored->id, stored->version);
    printf("%s\n", stored->id);
    if (a->passphrase)
        cv_ui_say(ui,
                  "Stored. Packages to them are sealed to a passphrase: agree on it with them, not in the\n"
                  "same message as the package. It is not kept here.");
    else
        cv_ui_say(ui, "Stored. Packages to them are sealed to %s, confirmed today.", print);
    return CV_OK;
}

static cv_status run_add(struct cv_ui *ui, const void *args)
{
    const struct add_args *a = args;
    struct cv_opened o = { 0 };
    struct cv_json *record = cv_json_object(), *directory = cv_json_object();
    struct cv_stored stored;
    char print[CV_FINGERPRINT_BYTES] = "";
    cv_status st = check_add(ui, a);
    if (st == CV_OK && !a->passphrase)
        st = fingerprint(a->recipient, print, &ui->err);
    st = CV_THEN(st, cv_ui_open(ui, &o));
    st = CV_THEN(st, prepare(ui, o.vault, a, print, directory, record));
    st = CV_THEN(st, cv_record_add(o.vault, record, a->reason, &stored, &ui->err));
    st = CV_THEN(st, tell_added(ui, a, print, &stored));
    cv_json_free(directory);
    cv_json_free(record);
    cv_ui_close(&o);
    return st;
}

const struct cv_cmd cv_cmd_partner_add = {
    .name = "partner add",
    .synopsis = "--name NAME --purpose PURPOSE --country CC (--recipient age1... [--print PRINT] | "
                "--passphrase) [--type KIND] [--city CITY] [--phone NUMBER] [--reason TEXT]",
    .summary = "add somebody whom packages may go to, with the key that seals them",
    .details = "The partner makes the key with age-keygen and sends you its line age1.... Anybody may have "
               "changed it on the way: so call them, and compare its fingerprint before anything is stored.",
    .opts = add_opts,
    .args_bytes = sizeof(struct add_args),
    .run = run_add,
};

struct list_args {
    const char *reason;
};
static const struct cv_opt list_opts[] = {
    { "reason", 'r', "TEXT", "why; sealed into the access log", offsetof(struct list_args, reason),
      CV_OPT_TEXT },
    { 0 },
};

/* What the directory says of one, in words. */
struct line {
    const char *name, *purpose, *country, *sealed, *confirmed, *id;
    char print[CV_FINGERPRINT_BYTES]; /* empty: no good recipient */
};

static void line_of(const struct cv_partner_info *p, struct line *l)
{
    const struct cv_json *d = p->directory;
    const char *recipient = cv_json_get_str(d, "age_recipient");
    *l = (struct line){ .name = cv_json_get_str(d, "name"),
                        .purpose = cv_json_get_str(d, "purpose"),
                        .country = cv_json_get_str(d, "country"),
                        .confirmed = cv_partner_confirmed(d) ? cv_json_get_str(d, "confirmed") : NULL,
                        .id = p->id };
    l->sealed = l->print;
    if (recipient == NULL)
        l->sealed = _("nothing yet");
    else if (strcmp(recipient, BY_PASSPHRASE) == 0)
        l->sealed = _(BY_PASSPHRASE);
    else if (fingerprint(recipient, l->print, NULL) != CV_OK) {
        l->print[0] = '\0';
        l->sealed = _("no good key");
    }
}

static cv_status print_object(const struct cv_ui *ui, const struct cv_partner_info *p)
{
    static const char *const fields[] = { "name", "type",  "purpose",      "country",
                                          "city", "phone", "age_recipient" };
    struct line l;
    struct cv_json *o = cv_json_object();
    line_of(p, &l);
    cv_status st = cv_json_set(o, "id", cv_json_str(p->id));
    st = CV_THEN(st, cv_json_set(o, "version", cv_json_int((int64_t)p->version)));
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]) && st == CV_OK; i++) {
        const struct cv_json *value = cv_json_get(p->directory, fields[i]);
        st = cv_json_set(o, fields[i], value != NULL ? cv_json_copy(value) : cv_json_null());
    }
    st = CV_THEN(
        st, cv_json_set(o, "confirmed", l.confirmed != NULL ? cv_json_str(l.confirmed) : cv_json_null()));
    st = CV_THEN(st,
                 cv_json_set(o, "fingerprint", l.print[0] != '\0' ? cv_json_str(l.print) : cv_json_null()));
    st = CV_THEN(st, cv_ui_answer(ui, o));
    cv_json_free(o);
    return st;
}

/* add_row(t, p, narrow): where there is no room, the id stands below the name, and the day below the print.
 */
static void add_row(struct cv_table *t, const struct cv_partner_info *p, bool narrow)
{
    struct line l;
    char shown[CV_MOMENT_BYTES];
    struct cv_buf cell = { 0 };
    line_of(p, &l);
    const char *day = l.confirmed != NULL  ? cv_locale_day(l.confirmed, shown)
                      : l.print[0] != '\0' ? _("not confirmed")
                                           : "-";
    const char *name = l.name != NULL ? l.name : "-";
    cv_status st = cv_buf_printf(&cell, "%s %s", name, l.id);
    st = CV_THEN(st, cv_buf_append(&cell, CV_LIT("\0")));
    cv_table_cell(t, narrow && st == CV_OK ? (const char *)cell.p : name);
    cv_table_cell(t, l.purpose != NULL ? l.purpose : "-");
    cv_table_cell(t, l.country != NULL ? l.country : "-");
    cv_buf_truncate(&cell, 0);
    st = cv_buf_printf(&cell, "%s %s", l.sealed, day);
    st = CV_THEN(st, cv_buf_append(&cell, CV_LIT("\0")));
    cv_table_cell(t, narrow && l.print[0] != '\0' && st == CV_OK ? (const char *)cell.p : l.sealed);
    if (!narrow) {
        cv_table_cell(t, day);
        cv_table_cell(t, l.id);
    }
    cv_buf_free(&cell);
}

#define WIDE 110 /* columns in which every cell has room beside the others */

static void print_table(const struct cv_partners *list)
{
    static const char *const wide[] = { N_("NAME"),      N_("PURPOSE"),   N_("COUNTRY"),
                                        N_("SEALED TO"), N_("CONFIRMED"), N_("PARTNER") };
    static const char *const slim[] = { N_("PARTNER"), N_("PURPOSE"), N_("COUNTRY"),
                                        N_("SEALED TO, CONFIRMED") };
    const size_t width = cv_ui_width();
    const bool narrow = width > 0 && width < WIDE;
    struct cv_table t = { .columns = narrow ? 4 : 6 };
    for (size_t i = 0; i < t.columns; i++)
        cv_table_cell(&t, _(narrow ? slim[i] : wide[i]));
    for (size_t i = 0; i < list->count; i++)
        add_row(&t, &list->p[i], narrow);
    cv_table_print(&t);
}

static cv_status run_list(struct cv_ui *ui, const void *args)
{
    const struct list_args *a = args;
    struct cv_opened o = { 0 };
    struct cv_partners list = { 0 };
    cv_status st = cv_ui_open(ui, &o);
    st = CV_THEN(st, cv_partners(o.vault, a->reason, &list, &ui->err));
    for (size_t i = 0; i < list.count && st == CV_OK && ui->json; i++)
        st = print_object(ui, &list.p[i]);
    if (st == CV_OK && !ui->json && list.count > 0)
        print_table(&list);
    else if (st == CV_OK && !ui->json)
        cv_ui_say(ui, "No partners that you may see.");
    cv_partners_free(&list);
    cv_ui_close(&o);
    return st;
}

const struct cv_cmd cv_cmd_partner_list = {
    .name = "partner list",
    .synopsis = "[--reason TEXT]",
    .summary = "list the partners, and what packages to them are sealed to",
    .details = "The newest stands last. Looking is a reading, and is logged.",
    .opts = list_opts,
    .args_bytes = sizeof(struct list_args),
    .run = run_list,
};
