#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/date.h"
#include "vault/search_inside.h"

#define WORD_LEAST 4 /* letters of a name that errors are forgiven in, */
#define WORD_LONG 8  /* and two of them */
#define NUMBER_LEAST 4
#define TELEPHONE_LEAST 6

/* ---- what is looked for ---- */

/* add_match(term, words, last): `"words last" *`: a phrase whose last word may go on. */
static cv_status add_match(struct cv_term *term, struct cv_bytes words, struct cv_bytes last, bool opens)
{
    cv_status st = cv_buf_str(&term->match, term->match.n > 0 ? " OR \"" : "\"");
    st = CV_THEN(st, cv_buf_append(&term->match, words));
    st = CV_THEN(st, cv_buf_append(&term->match, last));
    return CV_THEN(st, cv_buf_str(&term->match, opens ? "\" *" : "\""));
}

/* opening(x, term, words): with a star the last word stands for all spellings that may begin so. */
static cv_status opening(struct cv_index *x, struct cv_term *term, struct cv_bytes words)
{
    struct cv_buf openings = { 0 };
    size_t before = words.n, from = 0;
    while (before > 0 && words.p[before - 1] != ' ')
        before--;
    cv_status st = cv_fold_openings(x->folder, term->node->text, &openings);
    st = CV_THEN(st, cv_buf_str(&openings, " "));
    for (size_t i = 0; i < openings.n && st == CV_OK; i++)
        if (openings.p[i] == ' ') {
            st = add_match(term, CV_BYTES(words.p, before), CV_BYTES(openings.p + from, i - from), true);
            from = i + 1;
        }
    cv_buf_free(&openings);
    return st;
}

/* compact(text, out): its letters and digits, as capitals; how many digits there are. */
static size_t compact(struct cv_bytes text, char *out, size_t room)
{
    size_t n = 0, digits = 0;
    for (size_t i = 0; i < text.n; i++) {
        const uint8_t c = text.p[i];
        const bool digit = c >= '0' && c <= '9', lower = c >= 'a' && c <= 'z';
        if (!digit && !lower && (c < 'A' || c > 'Z'))
            continue;
        if (n + 1 >= room)
            break;
        out[n++] = (char)(lower ? c - 0x20 : c);
        digits += digit ? 1 : 0;
    }
    out[n] = '\0';
    return digits;
}

/* numbers(term): what it would be as an identifying number. */
static void numbers(struct cv_term *term)
{
    const struct cv_bytes text = term->node->text;
    uint8_t id[CV_ID_BYTES];
    const size_t digits = compact(text, term->number, sizeof(term->number)), n = strlen(term->number);
    const bool account = memchr(text.p, '@', text.n) != NULL;
    if (cv_id_parse(text, id, NULL) == CV_OK)
        cv_id_text(id, term->ref);
    if (digits == n && n >= TELEPHONE_LEAST && n + 2 < sizeof(term->telephone))
        snprintf(term->telephone, sizeof(term->telephone), "+%s",
                 term->number + (strncmp(term->number, "00", 2) == 0 ? 2 : 0));
    if (n < NUMBER_LEAST || (digits == 0 && !account))
        term->number[0] = '\0';
}

static void bare(const char *day, char out[static 12])
{
    size_t n = 0;
    for (; *day != '\0'; day++)
        if (*day != '-')
            out[n++] = *day;
    out[n] = '\0';
}

/* days(term, from, to): a day without its hyphens is a word, and a colon comes after all digits. A month or
 * year in which days that are looked for lie comes before the first of them only if it is that one's own. */
static void days(struct cv_term *term, const char *from, const char *to)
{
    const size_t n = strlen(from);
    char text[8];
    for (size_t i = 0; i < 2; i++) {
        const size_t part = i == 0 ? 7 : 4;
        snprintf(text, sizeof(text), "%.*s", (int)part, from);
        bare(n > part ? text : "", term->partly[i]);
    }
    bare(from[0] != '\0' ? from : "0", term->from);
    bare(to[0] != '\0' ? to : "9999", term->to);
    strcat(term->to, ":");
}

/* as_day(term): a word that is a day, a month, or (of a field) a year. */
static void as_day(struct cv_term *term)
{
    char text[CV_DATE_BYTES];
    const struct cv_bytes t = term->node->text;
    if (term->node->opens || t.n >= sizeof(text) || !cv_date_ok(t, true) ||
        (t.n < 7 && term->node->field[0] == '\0'))
        return;
    snprintf(text, sizeof(text), "%.*s", (int)t.n, (const char *)t.p);
    days(term, text, text);
}

cv_status cv_term_new(struct cv_index *x, const struct cv_query_node *node, struct cv_term *term,
                      struct cv_err *err)
{
    struct cv_buf words = { 0 };
    *term = (struct cv_term){ .node = node };
    if (node->kind == CV_QUERY_SPAN) {
        days(term, node->from, node->to);
        return CV_OK;
    }
    cv_status st = cv_fold(x->folder, node->text, &words);
    if (st == CV_OK && words.n == 0)
        st = cv_fail(err, CV_ERR_ARG, "search terms: there is no word between the spaces in one of them");
    if (st == CV_OK)
        st = node->opens ? opening(x, term, cv_buf_view(&words))
                         : add_match(term, cv_buf_view(&words), (struct cv_bytes){ 0 }, false);
    st = CV_THEN(st, cv_buf_append(&term->match, CV_LIT("\0")));
    as_day(term);
    if (!node->opens)
        numbers(term);
    bool name = st == CV_OK && words.n >= WORD_LEAST && !node->opens && term->number[0] == '\0';
    for (size_t i = 0; i < words.n; i++)
        name = name && words.p[i] != ' ' && !(words.p[i] >= '0' && words.p[i] <= '9');
    if (name) {
        st = cv_buf_append(&term->word, cv_buf_view(&words));
        st = CV_THEN(st, cv_buf_append(&term->word, CV_LIT("\0")));
    }
    cv_buf_free(&words);
    return cv_err_note(err, st, "search terms");
}

void cv_term_free(struct cv_term *term)
{
    cv_buf_free(&term->match);
    cv_buf_free(&term->word);
    free(term->place);
    free(term->almost);
    cv_wipe(term, sizeof(*term));
}

/* ---- the records that were met ---- */

static uint64_t hash_of(const uint8_t id[static CV_ID_BYTES])
{
    return cv_load_u64(id); /* ids are random */
}

static cv_status grow(struct cv_met *m)
{
    const size_t slots = m->slots > 0 ? 2 * m->slots : 1024;
    uint8_t(*id)[CV_ID_BYTES] = realloc(m->id, slots / 2 * sizeof(*id));
    m->id = id != NULL ? id : m->id;
    uint32_t *slot = calloc(slots, sizeof(*slot));
    if (id == NULL || slot == NULL) {
        free(slot);
        return CV_ERR_NOMEM;
    }
    free(m->slot);
    m->slot = slot;
    m->slots = slots;
    m->room = slots / 2;
    for (size_t i = 0; i < m->count; i++) {
        size_t at = hash_of(m->id[i]) & (slots - 1);
        while (slot[at] != 0)
            at = (at + 1) & (slots - 1);
        slot[at] = (uint32_t)i + 1;
    }
    return CV_OK;
}

/* number_of(m, id, out): of a record, given now if it has none. */
static cv_status number_of(struct cv_met *m, const uint8_t id[static CV_ID_BYTES], size_t *out)
{
    cv_status st = m->count == m->room ? grow(m) : CV_OK;
    if (st != CV_OK)
        return st;
    size_t at = hash_of(id) & (m->slots - 1);
    for (; m->slot[at] != 0; at = (at + 1) & (m->slots - 1)) {
        *out = m->slot[at] - 1;
        if (memcmp(m->id[*out], id, CV_ID_BYTES) == 0)
            return CV_OK;
    }
    *out = m->count++;
    memcpy(m->id[*out], id, CV_ID_BYTES);
    m->slot[at] = (uint32_t)*out + 1;
    return CV_OK;
}

/* meet(term, met, place): the first place in a record is kept. */
static cv_status meet(struct cv_term *term, struct cv_met *met, const struct cv_place_in *place)
{
    size_t n = 0;
    cv_status st = number_of(met, place->id, &n);
    if (st != CV_OK)
        return st;
    if (n >= term->room) {
        const size_t room = met->room;
        struct cv_place_in *more = realloc(term->place, room * sizeof(*more));
        if (more == NULL)
            return CV_ERR_NOMEM;
        term->place = more;
        bool *almost_too = realloc(term->almost, room * sizeof(*almost_too));
        if (almost_too == NULL)
            return CV_ERR_NOMEM;
        term->almost = almost_too;
        memset(more + term->room, 0, (room - term->room) * sizeof(*more));
        term->room = room;
    }
    if (term->place[n].entry == 0) {
        term->place[n] = *place;
        term->almost[n] = term->forgiven;
        term->met++;
    }
    return CV_OK;
}

/* ---- one shard ---- */

struct looking {
    struct cv_index *x;
    struct cv_index_section *s;
    struct cv_shard *shard;
    struct cv_term *term;
    struct cv_met *met;
    bool field[CV_SHARD_FIELDS_MAX]; /* that may be met, */
    bool day[CV_SHARD_FIELDS_MAX];   /* and hold days */
};

bool cv_term_names(const char *spec, const char *section, const char *field)
{
    const size_t n = strlen(spec), s = strlen(section);
    const char *inner = strchr(field, '.');
    if (n == 0 || strcmp(spec, section) == 0 || strcmp(spec, field) == 0)
        return true;
    if (strncmp(field, spec, n) == 0 && field[n] == '.')
        return true;
    if (inner != NULL && strcmp(inner + 1, spec) == 0)
        return true;
    return strncmp(spec, section, s) == 0 && spec[s] == '.' && cv_term_names(spec + s + 1, "", field);
}

/* is_day(t, section, name): does a type of the template hold days there? */
static bool is_day(const struct cv_template *t, const char *section, const char *name)
{
    const char *type, *dot = strchr(name, '.');
    struct cv_template_field f;
    char outer[CV_NAME_BYTES];
    for (size_t i = 0; (type = cv_template_type(t, i)) != NULL; i++) {
        bool found = false;
        if (dot == NULL)
            found = cv_template_field_named(t, type, section, name, &f);
        else {
            snprintf(outer, sizeof(outer), "%.*s", (int)(dot - name), name);
            for (size_t k = 0; !found && cv_template_inner(t, type, section, outer, k, &f); k++)
                found = strcmp(f.name, dot + 1) == 0;
        }
        if (found && (strcmp(f.type, "date") == 0 || strcmp(f.type, "datetime") == 0))
            return true;
    }
    return false;
}

/* choose_fields(l): false if there is none to look in. */
static bool choose_fields(struct looking *l)
{
    bool any = false;
    for (size_t i = 0; i < CV_SHARD_FIELDS_MAX && l->shard->field[i] != NULL; i++) {
        l->field[i] = cv_term_names(l->term->node->field, l->s->name, l->shard->field[i]);
        l->day[i] = l->field[i] && l->term->from[0] != '\0' &&
                    is_day(l->x->v->template, l->s->name, l->shard->field[i]);
        any = any || l->field[i];
    }
    return any;
}

/* take(l, ord, no, fields): a row that was found. */
static cv_status take(struct looking *l, sqlite3_int64 ord, sqlite3_int64 no, const bool *fields)
{
    struct cv_place_in place;
    if (ord < 0 || no < 0 || no >= l->shard->fields || l->shard->field[no] == NULL)
        return CV_ERR_FORMAT;
    if (!fields[no])
        return CV_OK;
    cv_status st = cv_index_rec(l->x, l->s, l->shard, ord, &place);
    if (st == CV_ERR_NOTFOUND)
        return CV_OK;
    place.field = l->shard->field[no];
    return CV_THEN(st, meet(l->term, l->met, &place));
}

/* rows(l, q, stmt, fields): of a query whose rows are rowids of words. */
static cv_status rows(struct looking *l, enum cv_shard_query q, sqlite3_stmt *stmt, const bool *fields)
{
    cv_status st;
    while ((st = cv_shard_step(l->shard, q)) == CV_OK) {
        const sqlite3_int64 row = sqlite3_column_int64(stmt, 0);
        st = take(l, row / l->shard->fields, row % l->shard->fields, fields);
        if (st != CV_OK)
            return st;
    }
    return st == CV_ERR_NOTFOUND ? CV_OK : st;
}

static cv_status look_words(struct looking *l, const char *match, size_t n)
{
    sqlite3_stmt *q = NULL;
    cv_status st = cv_shard_query(l->shard, CV_SHARD_MATCH, &q);
    if (st != CV_OK)
        return st;
    sqlite3_bind_text(q, 1, match, (int)n, SQLITE_STATIC);
    return rows(l, CV_SHARD_MATCH, q, l->field);
}

static cv_status look_range(struct looking *l, const char *from, const char *to)
{
    sqlite3_stmt *q = NULL;
    cv_status st = cv_shard_query(l->shard, CV_SHARD_RANGE, &q);
    if (st != CV_OK)
        return st;
    sqlite3_bind_text(q, 1, from, -1, SQLITE_STATIC);
    sqlite3_bind_text(q, 2, to, -1, SQLITE_STATIC);
    return rows(l, CV_SHARD_RANGE, q, l->day);
}

static cv_status look_days(struct looking *l)
{
    cv_status st = look_range(l, l->term->from, l->term->to);
    for (size_t i = 0; i < 2 && st == CV_OK; i++) {
        char to[14];
        snprintf(to, sizeof(to), "%s ", l->term->partly[i]); /* a space comes before all digits */
        if (l->term->partly[i][0] != '\0')
            st = look_range(l, l->term->partly[i], to);
    }
    return st;
}

static cv_status look_mark(struct looking *l, const char *kind, const char *value)
{
    uint8_t id[CV_ID_BYTES];
    sqlite3_stmt *q = NULL;
    cv_status st = value[0] != '\0' ? cv_shard_query(l->shard, CV_SHARD_MARK, &q) : CV_ERR_NOTFOUND;
    if (st != CV_OK)
        return st == CV_ERR_NOTFOUND ? CV_OK : st;
    cv_shard_bind_mark(l->shard, q, kind, value, id);
    while ((st = cv_shard_step(l->shard, CV_SHARD_MARK)) == CV_OK) {
        st = take(l, sqlite3_column_int64(q, 0), sqlite3_column_int64(q, 1), l->field);
        if (st != CV_OK)
            return st;
    }
    return st == CV_ERR_NOTFOUND ? CV_OK : st;
}

static cv_status look_exactly(struct looking *l)
{
    static const char *const kinds[] = { "document", "account", "vehicle" };
    const struct cv_term *term = l->term;
    cv_status st = term->match.n > 0 ? look_words(l, (const char *)term->match.p, term->match.n - 1) : CV_OK;
    if (term->from[0] != '\0')
        st = CV_THEN(st, look_days(l));
    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
        st = CV_THEN(st, look_mark(l, kinds[i], term->number));
    st = CV_THEN(st, look_mark(l, "phone", term->telephone));
    return CV_THEN(st, look_mark(l, "ref", term->ref));
}

/* ---- names spelled almost so ---- */

/* almost(a, b, most): are at most ${most} letters put in, left out, changed, or swapped with the next? */
static bool almost(struct cv_bytes a, struct cv_bytes b, size_t most)
{
    size_t row[3][CV_FOLD_WORD_BYTES + 1];
    if (a.n > CV_FOLD_WORD_BYTES || b.n > CV_FOLD_WORD_BYTES || a.n > b.n + most || b.n > a.n + most)
        return false;
    for (size_t k = 0; k <= b.n; k++)
        row[0][k] = k;
    for (size_t i = 1; i <= a.n; i++) {
        size_t *now = row[i % 3], *up = row[(i - 1) % 3], *above = row[(i + 1) % 3], least = i;
        now[0] = i;
        for (size_t k = 1; k <= b.n; k++) {
            size_t best = up[k - 1] + (a.p[i - 1] != b.p[k - 1] ? 1 : 0);
            best = up[k] + 1 < best ? up[k] + 1 : best;
            best = now[k - 1] + 1 < best ? now[k - 1] + 1 : best;
            if (i > 1 && k > 1 && a.p[i - 1] == b.p[k - 2] && a.p[i - 2] == b.p[k - 1] &&
                above[k - 2] + 1 < best)
                best = above[k - 2] + 1;
            now[k] = best;
            least = best < least ? best : least;
        }
        if (least > most)
            return false;
    }
    return row[a.n % 3][b.n] <= most;
}

static cv_status look_almost(struct looking *l)
{
    const struct cv_bytes word = CV_BYTES(l->term->word.p, l->term->word.n - 1);
    sqlite3_stmt *q = NULL;
    struct cv_buf match = { 0 };
    cv_status st = cv_shard_query(l->shard, CV_SHARD_NAMES, &q);
    while (st == CV_OK && (st = cv_shard_step(l->shard, CV_SHARD_NAMES)) == CV_OK) {
        const struct cv_bytes name = CV_BYTES(sqlite3_column_text(q, 0), (size_t)sqlite3_column_bytes(q, 0));
        if (!almost(word, name, word.n >= WORD_LONG ? 2 : 1) || memchr(name.p, '"', name.n) != NULL)
            continue;
        cv_buf_truncate(&match, 0);
        st = cv_buf_printf(&match, "\"%.*s\"", (int)name.n, (const char *)name.p);
        st = CV_THEN(st, look_words(l, (const char *)match.p, match.n));
    }
    cv_buf_free(&match);
    return st == CV_ERR_NOTFOUND ? CV_OK : st;
}

/* everywhere(x, term, met, look): in each shard. */
static cv_status everywhere(struct cv_index *x, struct cv_term *term, struct cv_met *met,
                            cv_status (*look)(struct looking *))
{
    cv_status st = CV_OK;
    for (size_t i = 0; i < x->count && st == CV_OK; i++)
        for (size_t k = 0; k < x->s[i].count && st == CV_OK; k++) {
            struct looking l = {
                .x = x, .s = &x->s[i], .shard = x->s[i].shards[k], .term = term, .met = met
            };
            if (choose_fields(&l))
                st = look(&l);
        }
    return st;
}

cv_status cv_term_look(struct cv_index *x, struct cv_term *term, struct cv_met *met)
{
    return everywhere(x, term, met, look_exactly);
}

cv_status cv_term_forgive(struct cv_index *x, struct cv_term *term, struct cv_met *met)
{
    if (term->word.n == 0 || term->forgiven)
        return CV_OK;
    term->forgiven = true;
    term->nowhere = term->met == 0;
    return everywhere(x, term, met, look_almost);
}
