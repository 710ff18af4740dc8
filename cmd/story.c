#include "cmd/story.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define PARAGRAPH 5 /* sentences */
#define NOBODY 0xff /* tells this sentence */

/* splitmix64 (Steele, Lea, Flood 2014): small, even, the same everywhere. */
static uint64_t draw(struct cv_cases *c)
{
    uint64_t z = (c->state += 0x9e3779b97f4a7c15U);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
}

size_t story_pick(struct story *s, size_t n)
{
    return n > 0 ? (size_t)(draw(s->c) % n) : 0;
}

void story_id(struct story *s, char out[static CV_ID_TEXT_BYTES])
{
    uint8_t id[CV_ID_BYTES];
    cv_store_u64(id, draw(s->c));
    cv_store_u64(id + 8, draw(s->c));
    cv_id_text(id, out);
}

static size_t length(const char *const *list)
{
    size_t n = 0;
    while (list[n] != NULL)
        n++;
    return n;
}

const char *story_word(struct story *s, const char *const *list)
{
    return list[story_pick(s, length(list))];
}

/* ---- records ---- */

struct cv_json *story_record(struct story *s, const char *by, const char *type, const char *id)
{
    struct cv_json *o = cv_json_object();
    char fresh[CV_ID_TEXT_BYTES];
    if (o == NULL || s->c->queued == STORY_RECORDS_MAX) {
        s->st = CV_ERR_NOMEM;
        cv_json_free(o);
        return NULL;
    }
    s->c->queue[s->c->queued].by = by;
    s->c->queue[s->c->queued++].record = o;
    story_id(s, fresh);
    story_text(s, o, "type", type);
    story_text(s, o, "id", id != NULL ? id : fresh);
    return o;
}

struct cv_json *story_section(struct story *s, struct cv_json *record, const char *name)
{
    struct cv_json *o = cv_json_object();
    story_put(s, record, name, o);
    return s->st == CV_OK ? o : NULL;
}

void story_put(struct story *s, struct cv_json *o, const char *name, struct cv_json *v)
{
    if (s->st == CV_OK)
        s->st = cv_json_set(o, name, v);
    else
        cv_json_free(v);
}

void story_push(struct story *s, struct cv_json *list, struct cv_json *v)
{
    if (s->st == CV_OK)
        s->st = cv_json_push(list, v);
    else
        cv_json_free(v);
}

void story_text(struct story *s, struct cv_json *o, const char *name, const char *value)
{
    story_put(s, o, name, cv_json_str(value));
}

void story_bool(struct story *s, struct cv_json *o, const char *name, bool value)
{
    story_put(s, o, name, cv_json_bool(value));
}

void story_date(struct story *s, struct cv_json *o, const char *name, story_day day)
{
    char d[40];
    snprintf(d, sizeof(d), "%04u-%02u-%02u", day / STORY_YEAR, day / STORY_MONTH % 12 + 1,
             day % STORY_MONTH + 1);
    story_text(s, o, name, d);
}

void story_words(struct story *s, struct cv_json *o, const char *name, const char *const *list, size_t most)
{
    struct cv_json *a = cv_json_array();
    const size_t n = length(list);
    size_t wanted = 1 + story_pick(s, most);
    for (size_t i = 0; i < n && wanted > 0; i++)
        if (story_pick(s, n - i) < wanted) { /* each as likely as any other */
            story_push(s, a, cv_json_str(list[i]));
            wanted--;
        }
    story_put(s, o, name, a);
}

void story_phone(struct story *s, struct cv_json *o, const char *name)
{
    char number[24];
    snprintf(number, sizeof(number), "%s%03zu", s->r->prefix, story_pick(s, 1000));
    story_text(s, o, name, number);
}

/* ---- sentences ---- */

void story_slot_set(struct story *s, enum story_slot slot, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(s->slot[slot], sizeof(s->slot[slot]), fmt, ap);
    va_end(ap);
}

void story_slot_date(struct story *s, enum story_slot slot, story_day day)
{
    story_slot_set(s, slot, "%02u.%02u.%04u", day % STORY_MONTH + 1, day / STORY_MONTH % 12 + 1,
                   day / STORY_YEAR);
}

void story_name(struct story *s, unsigned sex, char out[static 96])
{
    const char *first = s->r->first[sex][story_pick(s, CV_WORDS)];
    snprintf(out, 96, "%s %s", first, s->r->family[sex][story_pick(s, CV_WORDS)]);
}

/* slot_of(name, n): which one it names; SLOTS if none. */
static size_t slot_of(const char *name, size_t n)
{
    static const char *const names[SLOTS] = {
        [SLOT_RECRUITER] = "recruiter",
        [SLOT_GUARD] = "guard",
        [SLOT_HELPER] = "helper",
        [SLOT_FRIEND] = "friend",
        [SLOT_HOME] = "home",
        [SLOT_ABROAD] = "abroad",
        [SLOT_DAY] = "day",
        [SLOT_LATER] = "later",
        [SLOT_ESCAPE] = "escape",
        [SLOT_SUM] = "sum",
        [SLOT_DEBT] = "debt",
        [SLOT_LITTLE] = "little",
        [SLOT_HOURS] = "hours",
        [SLOT_PEOPLE] = "people",
    };
    size_t i = 0;
    while (i < SLOTS && (strlen(names[i]) != n || strncmp(names[i], name, n) != 0))
        i++;
    return i;
}

/* say(s, b, sentence): with its slots filled. */
static void say(struct story *s, struct cv_buf *b, const char *sentence)
{
    while (s->st == CV_OK && *sentence != '\0') {
        const size_t plain = strcspn(sentence, "{");
        s->st = cv_buf_append(b, CV_BYTES(sentence, plain));
        sentence += plain;
        if (*sentence == '\0' || s->st != CV_OK)
            return;
        const size_t n = strcspn(sentence, "}"), slot = slot_of(sentence + 1, n - 1);
        s->st = slot < SLOTS && sentence[n] == '}' ? cv_buf_str(b, s->slot[slot]) : CV_ERR_INTERNAL;
        sentence += s->st == CV_OK ? n + 1 : 0;
    }
}

/* add(s, b, count, sentence): after what is there, and from time to time in a new paragraph. */
static void add(struct story *s, struct cv_buf *b, size_t count, const char *sentence)
{
    if (s->st == CV_OK && count > 0)
        s->st = cv_buf_str(b, count % PARAGRAPH == 0 ? "\n\n" : " ");
    say(s, b, sentence);
}

/* finish(s, b, o, name): the text as a member. */
static void finish(struct story *s, struct cv_buf *b, struct cv_json *o, const char *name)
{
    story_put(s, o, name, s->st == CV_OK ? cv_json_strn(cv_buf_view(b)) : NULL);
    cv_buf_free(b);
}

static bool told(const struct story *s, const char *sentence)
{
    for (size_t i = 0; i < s->told_count; i++)
        if (s->told[i] == sentence)
            return true;
    return false;
}

/* fresh(s, list): a sentence that this case has not had. The lists are long enough; that one is not is a
 * fault. */
static const char *fresh(struct story *s, const char *const *list)
{
    const size_t n = length(list), first = story_pick(s, n);
    for (size_t i = 0; i < n && s->told_count < STORY_TOLD_MAX; i++) {
        const char *sentence = list[(first + i) % n];
        if (!told(s, sentence))
            return s->told[s->told_count++] = sentence;
    }
    s->st = CV_ERR_INTERNAL;
    return "";
}

void story_notes(struct story *s, struct cv_json *o, const char *name, const char *const *list, size_t n)
{
    struct cv_buf b = { 0 };
    for (size_t i = 0; i < n && s->st == CV_OK; i++)
        add(s, &b, i, fresh(s, list));
    finish(s, &b, o, name);
}

void story_deal(struct story *s, unsigned parts, unsigned char deal[static CV_SENTENCES])
{
    for (size_t i = 0; i < CV_SENTENCES; i++)
        deal[i] = story_pick(s, 6) == 0 ? NOBODY : (unsigned char)story_pick(s, parts);
    for (unsigned part = 0; part < parts; part++) /* nobody is silent */
        deal[part] = (unsigned char)part;
}

void story_testimony(struct story *s, const unsigned char deal[static CV_SENTENCES], unsigned part,
                     struct cv_json *o, const char *name)
{
    struct cv_buf b = { 0 };
    size_t count = 0;
    for (size_t i = 0; i < CV_SENTENCES; i++)
        if (deal[i] == part)
            add(s, &b, count++, s->r->sentence[i]);
    finish(s, &b, o, name);
}
