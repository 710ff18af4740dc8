#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vault/erase.h"
#include "vault/members.h"
#include "vault/package.h"
#include "vault/seen.h"
#include "world.h"

/* parsed("{'a':1}"): with apostrophes for quotes. */
static struct cv_json *parsed(const char *text)
{
    struct cv_json *v = NULL;
    char quoted[1024];
    snprintf(quoted, sizeof(quoted), "%s", text);
    for (char *p = quoted; *p != '\0'; p++)
        *p = *p == '\'' ? '"' : *p;
    if (cv_json_parse(cv_bytes_str(quoted), strlen(quoted), "test", &v, NULL) != CV_OK)
        die("not JSON: %s", quoted);
    return v;
}

static void say(struct promise *p, const char *id, const char *name, bool erased)
{
    struct said *s = &p->said[p->said_count++];
    snprintf(s->id, sizeof(s->id), "%s", id);
    s->name = name;
    s->erased = erased;
}

/* put(w, p, text, name, id): one record more. */
static cv_status put(struct world *w, struct promise *p, const char *text, const char *name,
                     char id[static CV_ID_TEXT_BYTES], struct cv_err *err)
{
    struct cv_stored out = { 0 };
    struct cv_json *record = parsed(text);
    const cv_status st = cv_record_add(w->v, record, NULL, &out, err);
    cv_json_free(record);
    if (st == CV_OK)
        strcpy(id, out.id);
    if (out.id[0] != '\0') /* also if it failed: then it may be there */
        say(p, out.id, name, false);
    return st;
}

#define PERSON(name) "{'type':'person','identity':{'first_name':'" name "'}}"

static cv_status add_ana(struct world *w, struct promise *p, struct cv_err *err)
{
    return put(w, p, PERSON("Ana"), "Ana", w->ana, err);
}
static cv_status add_bora(struct world *w, struct promise *p, struct cv_err *err)
{
    return put(w, p, PERSON("Bora"), "Bora", w->bora, err);
}
static cv_status add_zora(struct world *w, struct promise *p, struct cv_err *err)
{
    char id[CV_ID_TEXT_BYTES];
    return put(w, p, PERSON("Zora"), "Zora", id, err);
}

static cv_status admit(struct world *w, struct promise *p, struct cv_err *err)
{
    static const char *const roles[] = { "intake", NULL };
    struct cv_outcome outcome;
    p->policy = true;
    return cv_members_add(w->v, &w->intake.public, roles, &outcome, err);
}
static cv_status rotate(struct world *w, struct promise *p, struct cv_err *err)
{
    struct cv_outcome outcome;
    p->policy = true;
    return cv_members_rotate(w->v, "legal", &outcome, err);
}

static cv_status rename_ana(struct world *w, struct promise *p, struct cv_err *err)
{
    struct cv_stored out;
    struct cv_json *sections = parsed("{'identity':{'first_name':'Anna'}}");
    const struct cv_edit change = { .sections = sections };
    const cv_status st = cv_record_edit(w->v, w->ana, &change, NULL, &out, err);
    cv_json_free(sections);
    say(p, w->ana, "Anna", false);
    return st;
}

static cv_status erase(struct world *w, const char *id, struct cv_err *err)
{
    const struct cv_erase_which all = { 0 };
    struct cv_erase_plan plan;
    struct cv_outcome outcome;
    cv_status st = cv_erase_plan(w->v, id, &all, &plan, err);
    if (st != CV_OK)
        return st;
    st = cv_erase_ask(w->v, &plan, "asked for", &outcome, err);
    cv_erase_plan_free(&plan);
    return st;
}
static cv_status erase_bora(struct world *w, struct promise *p, struct cv_err *err)
{
    say(p, w->bora, NULL, true);
    return erase(w, w->bora, err);
}
static cv_status erase_ana(struct world *w, struct promise *p, struct cv_err *err)
{
    say(p, w->ana, NULL, true);
    return erase(w, w->ana, err);
}

/* ---- imports, by who may only write ---- */

static const char *const rows[] = { "Cana", "Dara", "Elma", "Fana", "Gala", "Hana" };
#define ROWS (sizeof(rows) / sizeof(rows[0]))

/* mark(s, record, row, mark): as of the row of a form. */
static cv_status mark(struct cv_seen *s, struct cv_json *record, size_t row, struct cv_mark *out,
                      struct cv_err *err)
{
    char source[32];
    snprintf(source, sizeof(source), "row %zu", row);
    const struct cv_brought from = {
        .source = source, .by_id = true, .file = 7, .sections = cv_seen_filled(s, record)
    };
    return cv_seen_mark(s, record, &from, out, err);
}

static struct cv_json *row_of(size_t row)
{
    char text[100];
    snprintf(text, sizeof(text), PERSON("%s"), rows[row]);
    return parsed(text);
}

static cv_status import_row(struct world *w, struct cv_seen *s, size_t row, struct cv_json *ids,
                            struct promise *p, struct cv_err *err)
{
    struct cv_json *record = row_of(row);
    struct cv_mark m;
    struct cv_stored out = { 0 };
    cv_status st = mark(s, record, row, &m, err);
    st = CV_THEN(st, cv_record_put_from(w->v, record, &(struct cv_import){ .from = &m.from }, &out, err));
    st = CV_THEN(st, cv_seen_note(s, &m, &out));
    st = CV_THEN(st, cv_json_push(ids, cv_json_str(out.id)));
    if (st == CV_OK)
        say(p, out.id, rows[row], false);
    cv_json_free(record);
    return st;
}

static cv_status import(struct world *w, size_t from, struct promise *p, struct cv_err *err)
{
    struct cv_seen *s = NULL;
    struct cv_json *ids = cv_json_array();
    bool news = false, whole = false;
    p->imported = true;
    cv_status st = cv_seen_open(w->v, &s, err);
    if (st == CV_OK)
        st = cv_seen_begin(s, &news, err);
    const bool begun = st == CV_OK;
    for (size_t i = from; i < from + 3 && st == CV_OK; i++)
        st = import_row(w, s, i, ids, p, err);
    st = CV_THEN(st, cv_event_add(w->v, &(struct cv_event){ .action = "import", .ids = ids }, err));
    st = CV_THEN(st, cv_seen_keep(s, err));
    if (st == CV_OK) {
        st = cv_vault_commit(w->v, err);
        whole = st == CV_OK;
    } else if (begun)
        cv_vault_abort(w->v);
    if (begun && cv_seen_done(s, whole) != CV_OK)
        die("out of memory");
    cv_seen_close(s);
    cv_json_free(ids);
    return st;
}
static cv_status import_first(struct world *w, struct promise *p, struct cv_err *err)
{
    return import(w, 0, p, err);
}
static cv_status import_more(struct world *w, struct promise *p, struct cv_err *err)
{
    return import(w, 3, p, err);
}

bool world_knows(struct cv_vault *v, const char *name)
{
    struct cv_seen *s = NULL;
    struct cv_before before = { 0 };
    struct cv_mark m;
    size_t row = 0;
    while (row + 1 < ROWS && strcmp(rows[row], name) != 0)
        row++;
    struct cv_json *record = row_of(row);
    cv_status st = cv_seen_open(v, &s, NULL);
    st = CV_THEN(st, mark(s, record, row, &m, NULL));
    st = CV_THEN(st, cv_seen_known(s, &m, &before, NULL));
    cv_json_free(record);
    cv_seen_close(s);
    return st == CV_OK && before.known;
}

/* ---- a package ---- */

static cv_status add_case(struct world *w, struct promise *p, struct cv_err *err)
{
    return put(w, p, "{'type':'case','admin':{'case_number':'7','status':'Active'}}", NULL, w->the_case, err);
}
static cv_status add_person(struct world *w, struct promise *p, struct cv_err *err)
{
    char text[300];
    snprintf(text, sizeof(text),
             "{'type':'person','admin':{'role':'Victim','cases':['%s']},'identity':{'first_name':'Mira'}}",
             w->the_case);
    return put(w, p, text, "Mira", w->person, err);
}
static cv_status add_partner(struct world *w, struct promise *p, struct cv_err *err)
{
    return put(w, p, "{'type':'partner','directory':{'name':'Office','age_recipient':'passphrase'}}", NULL,
               w->partner, err);
}
static cv_status add_consent(struct world *w, struct promise *p, struct cv_err *err)
{
    char text[500], id[CV_ID_TEXT_BYTES];
    snprintf(text, sizeof(text),
             "{'type':'consent','consent':{'person':'%s','state':'Given','purpose':'Prosecution','partner':'%"
             "s','sections':['admin','identity','testimony','exploitation'],'language':'rus','explained':"
             "'Read out.'}}",
             w->person, w->partner);
    return put(w, p, text, NULL, id, err);
}
static cv_status ask(struct world *w, struct promise *p, struct cv_err *err)
{
    struct cv_plan plan = { 0 };
    const struct cv_package_request q = { .case_id = w->the_case,
                                          .partner = w->partner,
                                          .profile = "prosecution" };
    (void)p;
    cv_status st = cv_plan_make(w->v, &q, &plan, err);
    st = CV_THEN(st, cv_plan_ask(w->v, &plan, NULL, err));
    cv_plan_free(&plan);
    return st;
}
static cv_status send(struct world *w, struct promise *p, struct cv_err *err)
{
    struct cv_dispatches list = { 0 };
    struct cv_outgoing out = { 0 };
    p->package = true;
    cv_status st = cv_dispatches(w->v, NULL, &list, err);
    if (st == CV_OK && list.count != 1)
        die("there is no package to send");
    st = CV_THEN(st, cv_outgoing_make(w->v, &list.d[0], NULL, &out, err));
    if (st == CV_OK) {
        st = cv_outgoing_seal(w->v, &out, NULL, 0, err);
        st = CV_THEN(st, cv_outgoing_sent(w->v, &list.d[0], &out, NULL, err));
        cv_outgoing_free(&out);
    }
    cv_dispatches_free(&list);
    return st;
}

/* ---- the order of things ---- */

static const struct cv_identity *founder(struct world *w)
{
    return &w->founder;
}
static const struct cv_identity *intake(struct world *w)
{
    return &w->intake;
}

/* shorten(path): of the keys that init makes, so few that the mission needs more of them. */
static cv_status shorten(char path[static 256])
{
    strcat(path, "/release.keys");
    const int fd = cv_io->openat(AT_FDCWD, path, O_WRONLY | O_CLOEXEC, 0);
    const bool good = fd >= 0 && cv_io->ftruncate(fd, 512 + SMALL_BLOCK * CV_RELEASE_KEY_BYTES) == 0 &&
                      cv_io->fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    return good ? CV_OK : CV_ERR_IO;
}

static cv_status found(struct world *w, struct promise *p, struct cv_err *err)
{
    char path[256];
    p->policy = true;
    snprintf(path, sizeof(path), "%s/vault", w->root);
    cv_status st = cv_vault_init(path, cv_template_default_text(), &w->founder, err);
    return CV_THEN(st, shorten(path));
}

const struct act world_acts[] = {
    { "init", NULL, found, false },
    { "add", founder, add_ana, true },
    { "add again", founder, add_bora, false },
    { "admit a member", founder, admit, false },
    { "import", intake, import_first, true },
    { "edit", founder, rename_ana, true },
    { "erase", founder, erase_bora, false },
    { "rotate a role", founder, rotate, true },
    { "add a case", founder, add_case, true },
    { "add a person", founder, add_person, false },
    { "add a partner", founder, add_partner, false },
    { "add a consent", founder, add_consent, false },
    { "ask for a package", founder, ask, true },
    { "make the package", founder, send, false },
    { "import more", intake, import_more, true },
    { "erase two versions", founder, erase_ana, true },
    { "add the last", founder, add_zora, false },
};
const size_t world_act_count = sizeof(world_acts) / sizeof(world_acts[0]);

const struct act world_few[] = {
    { "edit", founder, rename_ana, true },       { "erase", founder, erase_bora, false },
    { "import", intake, import_more, true },     { "add", founder, add_zora, true },
    { "rotate a role", founder, rotate, false }, { "add again", founder, add_zora, false },
};
const size_t world_few_count = sizeof(world_few) / sizeof(world_few[0]);
