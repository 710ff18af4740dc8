#include "cmd/cases.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/story.h"

#define YEAR_FIRST 2020 /* the reference year is one of the five from here on: all of them are over */
#define AFTERWARDS 120  /* days that are left after the last case was opened, for what is written in it */
#define ADULT 18

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
static const char *const levels[] = { "Low", "Medium", "High", NULL };
static const char *const relations[] = { "Familial", "Acquainted", "Unaquainted", NULL };
static const char *const marital[] = { "Single", "Married", "Divorced", "Separated", "Widowed", NULL };
static const char *const schooling[] = { "Primary", "Secondary", "Vocational", "Higher", NULL };
static const char *const support[] = { "Education",  "Financial",  "Health", "Legal",
                                       "Livelihood", "SocialCare", NULL };
static const char *const deciders[] = { "Police", "NGO", "CourtOrProsecution", NULL };

/* What was done to somebody: the form's words that go together. */
static const struct {
    const char *type, *industry, *sex;
} kinds[] = {
    { "ForcedLabour", "A_AgricultureForestryAndFishing", NULL },
    { "ForcedLabour", "F_Construction", NULL },
    { "ForcedLabour", "I_AccommodationAndFoodServiceActivities", NULL },
    { "Servitude", "T_ActivitiesOfHouseholdsAsEmployers", NULL },
    { "SexualExploitation", NULL, "Prostitution" },
    { "ForcedBegging", NULL, NULL },
};

cv_status cv_cases_new(uint64_t seed, uint64_t cases, struct cv_cases **out)
{
    *out = calloc(1, sizeof(**out));
    if (*out == NULL)
        return CV_ERR_NOMEM;
    (*out)->state = seed * 0x2545f4914f6cdd1dU + 1;
    (*out)->left = cases;
    (*out)->year = YEAR_FIRST + (unsigned)(seed % 5);
    return CV_OK;
}

void cv_cases_free(struct cv_cases *c)
{
    if (c == NULL)
        return;
    for (size_t i = c->next; i < c->queued; i++)
        cv_json_free(c->queue[i].record);
    free(c);
}

/* ---- who, where, when ---- */

static unsigned years(story_day from, story_day to)
{
    return to > from ? (to - from) / STORY_YEAR : 0;
}

/* plan_days(s): backwards from the day on which the case was opened. */
static void plan_days(struct story *s)
{
    const story_day end = (s->c->year + 1) * STORY_YEAR - AFTERWARDS;
    s->opened = end - 1 - (story_day)story_pick(s, 4 * STORY_YEAR);
    s->escaped = s->opened - 1 - (story_day)story_pick(s, 20);
    s->exploited = s->escaped - 30 - (story_day)story_pick(s, 2 * STORY_YEAR);
    s->moved = s->exploited - 1 - (story_day)story_pick(s, 5);
    s->recruited = s->moved - 3 - (story_day)story_pick(s, 60);
}

/* plan_person(s, p, victim): the victim is 15 to 44 when it begins; relatives are grown up. */
static void plan_person(struct story *s, struct story_person *p, bool victim)
{
    const size_t lot = story_pick(s, 10);
    const unsigned sex = lot < 6 ? CV_FEMALE : lot < 9 ? CV_MALE : (unsigned)story_pick(s, 2);
    const story_day then = victim ? s->recruited : s->opened;
    const unsigned age = victim ? 15 + (unsigned)story_pick(s, 30) : 20 + (unsigned)story_pick(s, 45);
    story_id(s, p->id);
    p->first = s->r->first[sex][story_pick(s, CV_WORDS)];
    p->family = s->r->family[sex][story_pick(s, CV_WORDS)];
    p->gender = lot == 9 ? "NonSpecifiedUnknown" : sex == CV_MALE ? "Masculine" : "Feminine";
    p->birth = then - age * STORY_YEAR - (story_day)story_pick(s, STORY_YEAR);
}

/* plan_slots(s): the names, places and numbers that every text of the case has in common. */
static void plan_slots(struct story *s)
{
    story_name(s, CV_MALE, s->slot[SLOT_RECRUITER]);
    do
        story_name(s, CV_MALE, s->slot[SLOT_GUARD]);
    while (strcmp(s->slot[SLOT_GUARD], s->slot[SLOT_RECRUITER]) == 0);
    story_slot_set(s, SLOT_HELPER, "%s", s->r->first[CV_MALE][story_pick(s, CV_WORDS)]);
    story_slot_set(s, SLOT_FRIEND, "%s", s->r->first[CV_FEMALE][story_pick(s, CV_WORDS)]);
    story_slot_set(s, SLOT_HOME, "%s", s->r->home[story_pick(s, CV_WORDS)]);
    story_slot_set(s, SLOT_ABROAD, "%s", s->r->abroad[s->abroad]);
    story_slot_date(s, SLOT_DAY, s->recruited);
    story_slot_date(s, SLOT_LATER, s->exploited);
    story_slot_date(s, SLOT_ESCAPE, s->escaped);
    story_slot_set(s, SLOT_SUM, "%zu", 700 + 50 * story_pick(s, 17));
    story_slot_set(s, SLOT_DEBT, "%zu", 2000 + 100 * story_pick(s, 51));
    story_slot_set(s, SLOT_LITTLE, "%zu", 20 + 5 * story_pick(s, 9));
    story_slot_set(s, SLOT_HOURS, "%zu", 12 + story_pick(s, 5));
    story_slot_set(s, SLOT_PEOPLE, "%zu", 5 + story_pick(s, 6));
}

static void plan(struct story *s)
{
    s->r = &cv_regions[story_pick(s, CV_REGIONS)];
    s->abroad = story_pick(s, CV_ABROAD);
    s->persons = 1 + story_pick(s, STORY_PERSONS_MAX);
    story_id(s, s->case_id);
    plan_days(s);
    for (size_t i = 0; i < s->persons; i++)
        plan_person(s, &s->person[i], i == 0);
    plan_slots(s);
}

/* later(s, from, within): a day after the case was opened. */
static story_day later(struct story *s, unsigned from, unsigned within)
{
    return s->opened + from + (story_day)story_pick(s, within);
}

/* ---- the records ---- */

static void persons(struct story *s, struct cv_json *o, const char *name)
{
    struct cv_json *a = cv_json_array();
    for (size_t i = 0; i < s->persons; i++)
        story_push(s, a, cv_json_str(s->person[i].id));
    story_put(s, o, name, a);
}

/* one_word(s, o, name, word): a list of one. */
static void one_word(struct story *s, struct cv_json *o, const char *name, const char *word)
{
    struct cv_json *a = cv_json_array();
    story_push(s, a, cv_json_str(word));
    story_put(s, o, name, a);
}

/* of_case(s, type, record): a record that belongs to the case and the victim; its `admin`. */
static struct cv_json *of_case(struct story *s, const char *type, struct cv_json **record)
{
    *record = story_record(s, "protection", type, NULL);
    struct cv_json *o = story_section(s, *record, "admin");
    story_text(s, o, "case", s->case_id);
    story_text(s, o, "person", s->person[0].id);
    return o;
}

static void perpetrator(struct story *s, struct cv_json *list, enum story_slot who, const char *const *roles)
{
    struct cv_json *o = cv_json_object();
    story_text(s, o, "name", s->slot[who]);
    story_words(s, o, "role", roles, 2);
    story_notes(s, o, "description", cv_notes.perpetrator, 1);
    if (who == SLOT_RECRUITER)
        story_phone(s, o, "phone");
    story_push(s, list, o);
}

static void tell_case(struct story *s)
{
    static const char *const lures[] = { "RecruiterOrIntermediary", "Transporter", "BrokerTravelAgent",
                                         NULL };
    static const char *const holds[] = { "Exploiter", "Abuser", NULL };
    struct cv_json *r = story_record(s, "protection", "case", s->case_id), *o = story_section(s, r, "admin"),
                   *list = cv_json_array();
    char text[96];
    snprintf(text, sizeof(text), "%s-%u-%05llu", s->r->country, s->opened / STORY_YEAR,
             (unsigned long long)s->c->number);
    story_text(s, o, "case_number", text);
    story_text(s, o, "status", story_pick(s, 3) > 0 ? "Active" : "FollowUp");
    story_date(s, o, "opened", s->opened);
    story_name(s, (unsigned)story_pick(s, 2), text);
    story_text(s, o, "owner", text);
    persons(s, o, "persons");
    o = story_section(s, r, "exploitation");
    story_notes(s, o, "summary", cv_notes.summary, 3);
    story_text(s, o, "location_of_recruitment", s->slot[SLOT_HOME]);
    story_text(s, o, "location_of_exploitation", s->slot[SLOT_ABROAD]);
    story_notes(s, o, "routes", cv_notes.routes, 1);
    o = story_section(s, r, "perpetrators");
    perpetrator(s, list, SLOT_RECRUITER, lures);
    perpetrator(s, list, SLOT_GUARD, holds);
    story_put(s, o, "persons", list);
    o = story_section(s, r, "risk");
    story_text(s, o, "level", story_word(s, levels));
    story_notes(s, o, "assessment", cv_notes.risk, 2);
    story_date(s, o, "reviewed", later(s, 10, 60));
}

/* tell_family(s, p, o): what somebody of that age may have of it. */
static void tell_family(struct story *s, const struct story_person *p, struct cv_json *o)
{
    const unsigned age = years(p->birth, s->opened);
    const size_t most = age < ADULT ? 0 : age < 34 ? (age - 16) / 4 : 4;
    story_text(s, o, "marital_status", age < ADULT ? "Single" : story_word(s, marital));
    story_put(s, o, "number_of_children", cv_json_int((int64_t)story_pick(s, most + 1)));
    story_text(s, o, "education", age < ADULT ? "Primary" : story_word(s, schooling));
}

static void tell_identity(struct story *s, const struct story_person *p, struct cv_json *o)
{
    struct cv_json *documents = cv_json_array(), *passport = cv_json_object();
    char number[32];
    story_text(s, o, "first_name", p->first);
    story_text(s, o, "second_name", p->family);
    story_date(s, o, "birth_date", p->birth);
    story_text(s, o, "gender", p->gender);
    one_word(s, o, "citizenship", s->r->country);
    tell_family(s, p, o);
    story_text(s, o, "primary_language", s->r->language);
    snprintf(number, sizeof(number), "X%s%06zu", s->r->country, story_pick(s, 1000000));
    story_text(s, passport, "kind", "Passport");
    story_text(s, passport, "number", number);
    story_text(s, passport, "country", s->r->country);
    story_push(s, documents, passport);
    story_put(s, o, "documents", documents);
}

static void tell_contact(struct story *s, struct cv_json *o)
{
    char text[96];
    story_phone(s, o, "mobile_phone");
    story_bool(s, o, "safe_to_call", story_pick(s, 3) > 0);
    story_text(s, o, "city", s->slot[SLOT_HOME]);
    story_text(s, o, "country", s->r->country);
    snprintf(text, sizeof(text), "Training safe house %zu", 1 + story_pick(s, 9));
    story_text(s, o, "shelter", text);
    story_name(s, (unsigned)story_pick(s, 2), text);
    story_text(s, o, "reception_contact", text);
}

static void tell_exploitation(struct story *s, struct cv_json *o)
{
    const size_t kind = story_pick(s, sizeof(kinds) / sizeof(kinds[0]));
    story_text(s, o, "trafficking_status",
               story_pick(s, 3) == 0 ? "PossibleVictimOfTrafficking" : "ActualVictimOfTrafficking");
    story_text(s, o, "decision_organisation", story_word(s, deciders));
    story_words(s, o, "method_of_recruitment", recruitment, 2);
    story_words(s, o, "methods_of_control", control, 3);
    one_word(s, o, "type_of_exploitation", kinds[kind].type);
    if (kinds[kind].industry != NULL)
        one_word(s, o, "forced_labour_industry", kinds[kind].industry);
    if (kinds[kind].sex != NULL)
        one_word(s, o, "type_of_sex_exploitation", kinds[kind].sex);
    story_text(s, o, "location_of_recruitment", s->slot[SLOT_HOME]);
    story_text(s, o, "location_of_exploitation", s->slot[SLOT_ABROAD]);
    one_word(s, o, "country_of_exploitation", cv_abroad_country[s->abroad]);
    story_text(s, o, "relationship_to_trafficker", story_word(s, relations));
    story_put(s, o, "age_when_trafficked", cv_json_int(years(s->person[0].birth, s->recruited)));
}

static void tell_person(struct story *s, size_t i)
{
    const struct story_person *p = &s->person[i];
    struct cv_json *r = story_record(s, "protection", "person", p->id), *o = story_section(s, r, "admin");
    story_text(s, o, "role", i == 0 ? "Victim" : story_pick(s, 3) == 0 ? "Witness" : "Relative");
    one_word(s, o, "cases", s->case_id);
    story_date(s, o, "registered", later(s, 0, 10));
    tell_identity(s, p, story_section(s, r, "identity"));
    tell_contact(s, story_section(s, r, "contact"));
    if (i > 0)
        return;
    tell_exploitation(s, story_section(s, r, "exploitation"));
    o = story_section(s, r, "risk");
    story_text(s, o, "level", story_word(s, levels));
    story_notes(s, o, "assessment", cv_notes.risk, 3);
    story_notes(s, o, "safety_plan", cv_notes.safety, 2);
}

static void tell_testimony(struct story *s)
{
    const unsigned statements = 1 + (unsigned)story_pick(s, 2);
    unsigned char deal[CV_SENTENCES];
    struct cv_json *r, *o = of_case(s, "testimony", &r), *list = cv_json_array();
    story_text(s, o, "language", s->r->language);
    o = story_section(s, r, "testimony");
    story_deal(s, statements, deal);
    for (unsigned i = 0; i < statements; i++) {
        struct cv_json *one = cv_json_object();
        char name[96];
        story_date(s, one, "date", later(s, 5 + 30 * i, 25));
        story_text(s, one, "language", s->r->language);
        story_testimony(s, deal, i, one, "text");
        story_name(s, (unsigned)story_pick(s, 2), name);
        story_text(s, one, "taken_by", name);
        story_push(s, list, one);
    }
    story_put(s, o, "statements", list);
    story_notes(s, o, "circumstances", cv_notes.circumstances, 1);
}

static void tell_event(struct story *s, const char *type, story_day day, const char *const *notes, bool home)
{
    struct cv_json *r = story_record(s, "protection", "event", NULL), *o = story_section(s, r, "admin");
    story_text(s, o, "case", s->case_id);
    persons(s, o, "persons");
    o = story_section(s, r, "exploitation");
    story_date(s, o, "date", day);
    story_text(s, o, "type", type);
    story_notes(s, o, "description", notes, 2);
    story_text(s, o, "city", s->slot[home ? SLOT_HOME : SLOT_ABROAD]);
    story_text(s, o, "country", home ? s->r->country : cv_abroad_country[s->abroad]);
}

static void tell_evidence(struct story *s, const struct cv_exhibit *x)
{
    static const char digits[] = "0123456789abcdef";
    const char *const description[] = { x->description, NULL };
    struct cv_json *r, *o, *list = cv_json_array(), *file = cv_json_object();
    char hex[65];
    of_case(s, "evidence", &r);
    o = story_section(s, r, "evidence");
    story_text(s, o, "kind", x->kind);
    story_notes(s, o, "description", description, 1);
    story_date(s, o, "obtained", later(s, 0, 40));
    story_text(s, o, "obtained_from", s->person[0].first);
    for (size_t i = 0; i < 64; i++)
        hex[i] = digits[story_pick(s, 16)];
    hex[64] = '\0';
    story_text(s, file, "name", x->file);
    story_text(s, file, "sha256", hex);
    story_put(s, file, "bytes", cv_json_int((int64_t)(20000 + story_pick(s, 3000000))));
    story_text(s, file, "media_type", x->media_type);
    story_push(s, list, file);
    story_put(s, o, "attachments", list);
}

static void tell_exhibits(struct story *s)
{
    const size_t first = story_pick(s, CV_EXHIBITS);
    tell_evidence(s, &cv_exhibits[first]);
    if (story_pick(s, 2) == 0)
        tell_evidence(s, &cv_exhibits[(first + 1 + story_pick(s, CV_EXHIBITS - 1)) % CV_EXHIBITS]);
}

static void tell_consent(struct story *s, const struct cv_story_partner *to)
{
    static const char *const covered[] = { "admin", "identity", "exploitation", "risk", "testimony", NULL };
    struct cv_json *o = story_section(s, story_record(s, "protection", "consent", NULL), "consent");
    const story_day from = later(s, 0, 5);
    char guardian[96];
    story_text(s, o, "case", s->case_id);
    story_text(s, o, "person", s->person[0].id);
    story_text(s, o, "state", story_pick(s, 3) == 0 ? "Refused" : "Given");
    story_text(s, o, "purpose", to->purpose);
    story_text(s, o, "recipient", to->type);
    story_words(s, o, "sections", covered, 5);
    story_date(s, o, "from", from);
    story_date(s, o, "until", from + STORY_YEAR);
    story_text(s, o, "language", s->r->language);
    story_notes(s, o, "explained", cv_notes.explained, 1);
    if (years(s->person[0].birth, from) < ADULT) {
        story_name(s, (unsigned)story_pick(s, 2), guardian);
        story_text(s, o, "guardian", guardian);
    }
    story_bool(s, o, "research", story_pick(s, 4) == 0);
    story_text(s, o, "withdrawal", "At any time, by word of mouth, to any of us.");
}

static void tell_safety(struct story *s)
{
    struct cv_json *r, *o;
    of_case(s, "safety", &r);
    o = story_section(s, r, "risk");
    story_words(s, o, "type", support, 3);
    story_notes(s, o, "objectives", cv_notes.objective, 2);
    story_notes(s, o, "action_plan", cv_notes.action, 4);
    story_date(s, o, "planned_end", later(s, STORY_YEAR / 2, STORY_YEAR / 2));
}

static void tell_referral(struct story *s, const struct cv_story_partner *to)
{
    struct cv_json *r, *o = of_case(s, "referral", &r);
    char name[96];
    story_text(s, o, "organisation", to->name);
    story_name(s, (unsigned)story_pick(s, 2), name);
    story_text(s, o, "case_worker", name);
    story_text(s, o, "reason",
               story_pick(s, 2) == 0 ? "AdditionalServicesRequired" : "MigrationOrChangeOfLocation");
    story_date(s, o, "date", later(s, 20, 60));
    story_notes(s, o, "details", cv_notes.referral, 2);
    o = story_section(s, r, "risk");
    story_notes(s, o, "assessment", cv_notes.risk, 2);
    story_bool(s, o, "return_voluntary", true);
}

static void tell_comment(struct story *s)
{
    struct cv_json *o = story_section(s, story_record(s, "protection", "comment", NULL), "admin");
    story_text(s, o, "case", s->case_id);
    story_notes(s, o, "comment", cv_notes.comment, 2);
    story_date(s, o, "date", later(s, 10, 90));
}

static void tell_partner(struct story *s, const struct cv_story_partner *p)
{
    struct cv_json *o = story_section(s, story_record(s, "protection", "partner", NULL), "directory");
    story_text(s, o, "name", p->name);
    story_text(s, o, "type", p->type);
    story_text(s, o, "city", p->city);
    story_text(s, o, "country", p->country);
    story_text(s, o, "phone", p->phone);
    story_text(s, o, "purpose", p->purpose);
}

/* tell_additions(s): what the medical and the legal officer add. Not in every case: each is a commit of its
 * own. */
static void tell_additions(struct story *s)
{
    struct cv_json *o;
    char name[96];
    if (s->c->number % 3 == 1) {
        o = story_section(s, story_record(s, "medical", "person", s->person[0].id), "medical");
        story_notes(s, o, "needs", cv_notes.needs, 1);
        story_notes(s, o, "findings", cv_notes.findings, 4);
        story_notes(s, o, "psychosocial", cv_notes.psychosocial, 2);
        story_text(s, o, "medication", story_word(s, cv_notes.medication));
        story_date(s, o, "examined", later(s, 2, 20));
    }
    if (s->c->number % 5 == 1) {
        o = story_section(s, story_record(s, "legal", "case", s->case_id), "legal");
        story_notes(s, o, "notes", cv_notes.legal, 3);
        story_name(s, (unsigned)story_pick(s, 2), name);
        story_text(s, o, "representation", name);
        story_notes(s, o, "proceedings", cv_notes.proceedings, 1);
    }
}

/* tell(c): make up one case, into the queue; before the first, the partners they are referred to. */
static cv_status tell(struct cv_cases *c)
{
    struct story s = { .c = c, .st = CV_OK };
    c->queued = c->next = 0;
    for (size_t i = 0; c->number == 0 && i < CV_STORY_PARTNERS; i++)
        tell_partner(&s, &cv_story_partners[i]);
    c->number++;
    plan(&s);
    const struct cv_story_partner *to = &cv_story_partners[story_pick(&s, CV_STORY_PARTNERS)];
    tell_case(&s);
    for (size_t i = 0; i < s.persons; i++)
        tell_person(&s, i);
    tell_testimony(&s);
    tell_event(&s, "Recruitment", s.recruited, cv_notes.recruitment, true);
    tell_event(&s, "Transit", s.moved, cv_notes.transit, true);
    tell_event(&s, "Exploitation", s.exploited, cv_notes.exploitation, false);
    tell_exhibits(&s);
    tell_consent(&s, to);
    tell_safety(&s);
    if (story_pick(&s, 2) == 0)
        tell_referral(&s, to);
    tell_comment(&s);
    tell_additions(&s);
    return s.st;
}

cv_status cv_cases_next(struct cv_cases *c, const char *role, struct cv_json **out)
{
    *out = NULL;
    for (;;) {
        while (c->next < c->queued) {
            struct cv_json *record = c->queue[c->next].record;
            if (strcmp(c->queue[c->next++].by, role) == 0) {
                *out = record;
                return CV_OK;
            }
            cv_json_free(record);
        }
        if (c->left == 0)
            return CV_ERR_NOTFOUND;
        c->left--;
        cv_status st = tell(c);
        if (st != CV_OK)
            return st;
    }
}
