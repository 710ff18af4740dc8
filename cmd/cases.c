#include "cmd/cases.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/crockford.h"

#define RECORDS_MAX 16 /* of one case */
#define PERSONS_MAX 3
#define PROSE_STEP 3 /* through the sentences: none comes again before all were told */

struct cv_cases {
    uint64_t state, left, number;
    struct cv_json *queue[RECORDS_MAX];
    size_t queued, next;
};

/* splitmix64 (Steele, Lea, Flood 2014): small, even, the same everywhere. */
static uint64_t draw(struct cv_cases *c)
{
    uint64_t z = (c->state += 0x9e3779b97f4a7c15U);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
}

static size_t pick(struct cv_cases *c, size_t n)
{
    return (size_t)(draw(c) % n);
}

static void new_id(struct cv_cases *c, char out[static CV_ID_TEXT_BYTES])
{
    uint8_t id[CV_ID_BYTES];
    cv_store_u64(id, draw(c));
    cv_store_u64(id + 8, draw(c));
    cv_id_text(id, out);
}

cv_status cv_cases_new(uint64_t seed, uint64_t cases, struct cv_cases **out)
{
    *out = calloc(1, sizeof(**out));
    if (*out == NULL)
        return CV_ERR_NOMEM;
    (*out)->state = seed * 0x2545f4914f6cdd1dU + 1;
    (*out)->left = cases;
    return CV_OK;
}

void cv_cases_free(struct cv_cases *c)
{
    if (c == NULL)
        return;
    for (size_t i = c->next; i < c->queued; i++)
        cv_json_free(c->queue[i]);
    free(c);
}

/* A case being made up. The first failure stays in st, and every step after it does nothing. */
struct story {
    struct cv_cases *c;
    const struct cv_region *r;
    cv_status st;
    char case_id[CV_ID_TEXT_BYTES];
    char person_id[PERSONS_MAX][CV_ID_TEXT_BYTES];
    size_t persons;
    unsigned year;
};

static void put(struct story *s, struct cv_json *o, const char *name, struct cv_json *v)
{
    if (s->st == CV_OK)
        s->st = cv_json_set(o, name, v);
    else
        cv_json_free(v);
}

static void text(struct story *s, struct cv_json *o, const char *name, const char *value)
{
    put(s, o, name, cv_json_str(value));
}

/* one(s, o, name, list): one word of a NULL-terminated list. */
static const char *word(struct story *s, const char *const *list)
{
    size_t n = 0;
    while (list[n] != NULL)
        n++;
    return list[pick(s->c, n)];
}

static void words(struct story *s, struct cv_json *o, const char *name, const char *const *list, size_t most)
{
    struct cv_json *a = cv_json_array();
    const size_t n = 1 + pick(s->c, most);
    size_t have = 0;
    for (size_t i = 0; list[i] != NULL && have < n && s->st == CV_OK; i++)
        if (list[i + 1] == NULL || pick(s->c, 3) == 0) {
            s->st = cv_json_push(a, cv_json_str(list[i]));
            have++;
        }
    put(s, o, name, a);
}

static void date(struct story *s, struct cv_json *o, const char *name, unsigned year)
{
    char d[16];
    snprintf(d, sizeof(d), "%04u-%02zu-%02zu", year, 1 + pick(s->c, 12), 1 + pick(s->c, 28));
    text(s, o, name, d);
}

/* story_text(s, sentences, out): some sentences in the person's own language, in paragraphs. */
static void prose(struct story *s, struct cv_json *o, const char *name, size_t sentences)
{
    struct cv_buf b = { 0 };
    const size_t first = pick(s->c, CV_WORDS);
    for (size_t i = 0; i < sentences && s->st == CV_OK; i++)
        s->st = cv_buf_printf(&b, "%s%s",
                              i == 0       ? ""
                              : i % 5 == 0 ? "\n\n"
                                           : " ",
                              s->r->sentence[(first + i * PROSE_STEP) % CV_WORDS]);
    put(s, o, name, s->st == CV_OK ? cv_json_strn(cv_buf_view(&b)) : NULL);
    cv_buf_free(&b);
}

/* record(s, type, id): a new record in the queue; borrowed. */
static struct cv_json *record(struct story *s, const char *type, const char *id)
{
    struct cv_json *o = cv_json_object();
    char fresh[CV_ID_TEXT_BYTES];
    if (o == NULL || s->c->queued == RECORDS_MAX) {
        s->st = CV_ERR_NOMEM;
        cv_json_free(o);
        return NULL;
    }
    s->c->queue[s->c->queued++] = o;
    new_id(s->c, fresh);
    text(s, o, "type", type);
    text(s, o, "id", id != NULL ? id : fresh);
    return o;
}

static struct cv_json *section(struct story *s, struct cv_json *record, const char *name)
{
    struct cv_json *o = cv_json_object();
    put(s, record, name, o);
    return s->st == CV_OK ? o : NULL;
}

static void persons(struct story *s, struct cv_json *o, const char *name)
{
    struct cv_json *a = cv_json_array();
    for (size_t i = 0; i < s->persons && s->st == CV_OK; i++)
        s->st = cv_json_push(a, cv_json_str(s->person_id[i]));
    put(s, o, name, a);
}

static void full_name(struct story *s, char out[static 128])
{
    snprintf(out, 128, "%s %s", s->r->first[pick(s->c, CV_WORDS)], s->r->family[pick(s->c, CV_WORDS)]);
}

static void phone(struct story *s, struct cv_json *o, const char *name)
{
    char number[24];
    snprintf(number, sizeof(number), "%s%03zu", s->r->prefix, pick(s->c, 1000));
    text(s, o, name, number);
}

static const char *const recruitment[] = { "AtWork",
                                           "ThroughOnlineSocialNetworks",
                                           "ThroughAnOnlineAdvertisement",
                                           "ThroughFamilyOrFamilyEvents",
                                           "ThroughFriendsOrSocialEvents",
                                           NULL };
static const char *const control[] = {
    "PhysicalThreats",       "DebtBondage", "FalsePromises", "TakesEarnings", "WithholdsDocuments",
    "ExcessiveWorkingHours", NULL
};
static const char *const exploitation[] = { "ForcedLabour", "SexualExploitation", "Servitude",
                                            "ForcedBegging", NULL };
static const char *const genders[] = { "Feminine", "Feminine", "Masculine", "NonSpecifiedUnknown", NULL };
static const char *const levels[] = { "Low", "Medium", "High", NULL };

static void tell_case(struct story *s)
{
    struct cv_json *r = record(s, "case", s->case_id), *o = section(s, r, "admin");
    char number[32], name[128];
    snprintf(number, sizeof(number), "%s-%u-%05llu", s->r->country, s->year,
             (unsigned long long)s->c->number);
    text(s, o, "case_number", number);
    text(s, o, "status", pick(s->c, 3) > 0 ? "Active" : "FollowUp");
    date(s, o, "opened", s->year);
    full_name(s, name);
    text(s, o, "owner", name);
    persons(s, o, "persons");
    o = section(s, r, "exploitation");
    prose(s, o, "summary", 3);
    text(s, o, "location_of_recruitment", s->r->city[pick(s->c, CV_WORDS)]);
    text(s, o, "location_of_exploitation", cv_regions[pick(s->c, CV_REGIONS)].city[pick(s->c, CV_WORDS)]);
    o = section(s, r, "perpetrators");
    struct cv_json *list = cv_json_array(), *who = cv_json_object();
    full_name(s, name);
    text(s, who, "name", name);
    text(s, who, "role", "RecruiterOrIntermediary");
    phone(s, who, "phone");
    if (s->st == CV_OK)
        s->st = cv_json_push(list, who);
    else
        cv_json_free(who);
    put(s, o, "persons", list);
    o = section(s, r, "risk");
    text(s, o, "level", word(s, levels));
}

static void tell_identity(struct story *s, struct cv_json *o)
{
    struct cv_json *countries = cv_json_array(), *documents = cv_json_array(), *doc = cv_json_object();
    char number[32];
    text(s, o, "first_name", s->r->first[pick(s->c, CV_WORDS)]);
    text(s, o, "second_name", s->r->family[pick(s->c, CV_WORDS)]);
    date(s, o, "birth_date", 1965 + (unsigned)pick(s->c, 45));
    text(s, o, "gender", word(s, genders));
    if (s->st == CV_OK)
        s->st = cv_json_push(countries, cv_json_str(s->r->country));
    put(s, o, "citizenship", countries);
    text(s, o, "primary_language", s->r->language);
    put(s, o, "number_of_children", cv_json_int((int64_t)pick(s->c, 4)));
    snprintf(number, sizeof(number), "X%s%06zu", s->r->country, pick(s->c, 1000000));
    text(s, doc, "kind", "Passport");
    text(s, doc, "number", number);
    text(s, doc, "country", s->r->country);
    if (s->st == CV_OK)
        s->st = cv_json_push(documents, doc);
    else
        cv_json_free(doc);
    put(s, o, "documents", documents);
}

static void tell_person(struct story *s, size_t i)
{
    struct cv_json *r = record(s, "person", s->person_id[i]), *o = section(s, r, "admin"),
                   *cases = cv_json_array();
    text(s, o, "role", i == 0 ? "Victim" : pick(s->c, 2) == 0 ? "Victim" : "Relative");
    if (s->st == CV_OK)
        s->st = cv_json_push(cases, cv_json_str(s->case_id));
    put(s, o, "cases", cases);
    date(s, o, "registered", s->year);
    tell_identity(s, section(s, r, "identity"));
    o = section(s, r, "contact");
    phone(s, o, "mobile_phone");
    text(s, o, "city", s->r->city[pick(s->c, CV_WORDS)]);
    text(s, o, "country", s->r->country);
    text(s, o, "reception_contact", s->r->first[pick(s->c, CV_WORDS)]);
    if (i > 0)
        return;
    o = section(s, r, "exploitation");
    text(s, o, "trafficking_status",
         pick(s->c, 3) == 0 ? "PossibleVictimOfTrafficking" : "ActualVictimOfTrafficking");
    text(s, o, "decision_organisation", "NGO");
    words(s, o, "method_of_recruitment", recruitment, 2);
    words(s, o, "methods_of_control", control, 3);
    words(s, o, "type_of_exploitation", exploitation, 2);
    text(s, o, "location_of_recruitment", s->r->city[pick(s->c, CV_WORDS)]);
    put(s, o, "age_when_trafficked", cv_json_int((int64_t)(15 + pick(s->c, 30))));
    o = section(s, r, "medical");
    prose(s, o, "needs", 1);
    prose(s, o, "findings", 2);
    o = section(s, r, "risk");
    text(s, o, "level", word(s, levels));
    prose(s, o, "assessment", 2);
}

static void tell_testimony(struct story *s)
{
    struct cv_json *r = record(s, "testimony", NULL), *o = section(s, r, "admin"), *list = cv_json_array();
    const size_t statements = 1 + pick(s->c, 2);
    text(s, o, "case", s->case_id);
    text(s, o, "person", s->person_id[0]);
    text(s, o, "language", s->r->language);
    o = section(s, r, "testimony");
    for (size_t i = 0; i < statements; i++) {
        struct cv_json *one = cv_json_object();
        char name[128];
        date(s, one, "date", s->year);
        text(s, one, "language", s->r->language);
        prose(s, one, "text", 8 + pick(s->c, 16));
        full_name(s, name);
        text(s, one, "taken_by", name);
        if (s->st == CV_OK)
            s->st = cv_json_push(list, one);
        else
            cv_json_free(one);
    }
    put(s, o, "statements", list);
}

static void tell_event(struct story *s, const char *type)
{
    struct cv_json *r = record(s, "event", NULL), *o = section(s, r, "admin");
    text(s, o, "case", s->case_id);
    persons(s, o, "persons");
    o = section(s, r, "exploitation");
    date(s, o, "date", s->year - 1);
    text(s, o, "type", type);
    prose(s, o, "description", 2);
    text(s, o, "city", s->r->city[pick(s->c, CV_WORDS)]);
    text(s, o, "country", s->r->country);
}

static void tell_rest(struct story *s)
{
    struct cv_json *r = record(s, "consent", NULL), *o = section(s, r, "consent");
    text(s, o, "case", s->case_id);
    text(s, o, "person", s->person_id[0]);
    text(s, o, "state", pick(s->c, 3) == 0 ? "Refused" : "Given");
    text(s, o, "purpose", pick(s->c, 2) == 0 ? "Prosecution" : "Referral");
    date(s, o, "from", s->year);
    text(s, o, "language", s->r->language);
    if (pick(s->c, 2) == 0) {
        o = section(s, record(s, "safety", NULL), "admin");
        text(s, o, "case", s->case_id);
        text(s, o, "person", s->person_id[0]);
    }
    if (pick(s->c, 2) == 0) {
        r = record(s, "referral", NULL);
        o = section(s, r, "admin");
        text(s, o, "case", s->case_id);
        text(s, o, "person", s->person_id[0]);
        text(s, o, "reason", "AdditionalServicesRequired");
        date(s, o, "date", s->year);
    }
    o = section(s, record(s, "comment", NULL), "admin");
    text(s, o, "case", s->case_id);
    prose(s, o, "comment", 1);
}

/* tell(c): make up one case, into the queue. */
static cv_status tell(struct cv_cases *c)
{
    struct story s = { .c = c, .st = CV_OK };
    c->queued = c->next = 0;
    c->number++;
    s.r = &cv_regions[pick(c, CV_REGIONS)];
    s.year = 2021 + (unsigned)pick(c, 5);
    s.persons = 1 + pick(c, PERSONS_MAX);
    new_id(c, s.case_id);
    for (size_t i = 0; i < s.persons; i++)
        new_id(c, s.person_id[i]);
    tell_case(&s);
    for (size_t i = 0; i < s.persons; i++)
        tell_person(&s, i);
    tell_testimony(&s);
    tell_event(&s, "Recruitment");
    tell_event(&s, "Exploitation");
    tell_rest(&s);
    return s.st;
}

cv_status cv_cases_next(struct cv_cases *c, struct cv_json **out)
{
    *out = NULL;
    if (c->next == c->queued) {
        if (c->left == 0)
            return CV_ERR_NOTFOUND;
        c->left--;
        cv_status st = tell(c);
        if (st != CV_OK)
            return st;
    }
    *out = c->queue[c->next++];
    return CV_OK;
}
