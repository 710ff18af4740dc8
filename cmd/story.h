#ifndef CV_CMD_STORY_H
#define CV_CMD_STORY_H

#include "cmd/cases.h"
#include "formats/crockford.h"

/* How a case is made up; for cases*.c and story.c alone. */

/* ---- what stories are made of: cases_words.c by language, cases_notes.c in the words of the staff ---- */

#define CV_WORDS 8
#define CV_ABROAD 6
#define CV_SENTENCES 24
enum { CV_FEMALE, CV_MALE };
struct cv_region {
    const char *language, *country, *prefix; /* ISO 639-2, ISO 3166, telephone */
    const char *first[2][CV_WORDS], *family[2][CV_WORDS], *home[CV_WORDS];
    const char *abroad[CV_ABROAD];      /* the same cities for all, in this language */
    const char *sentence[CV_SENTENCES]; /* of a testimony, in the order of what happened */
};
#define CV_REGIONS 7
extern const struct cv_region cv_regions[CV_REGIONS];
extern const char *const cv_abroad_country[CV_ABROAD];

struct cv_story_partner {
    const char *name, *type, *city, *country, *phone, *purpose;
};
#define CV_STORY_PARTNERS 6
extern const struct cv_story_partner cv_story_partners[CV_STORY_PARTNERS];

struct cv_exhibit {
    const char *kind, *file, *media_type, *description;
};
#define CV_EXHIBITS 6
extern const struct cv_exhibit cv_exhibits[CV_EXHIBITS];

/* NULL-terminated lists of sentences. */
struct cv_notes {
    const char *const *summary,
        *const *routes, *const *perpetrator,
                            *const *recruitment,
                                *const *transit,
                                    *const *exploitation,
                                        *const *risk,
                                            *const *safety,
                                                *const *objective,
                                                    *const *action,
                                                        *const *needs,
                                                            *const *findings,
                                                                *const *psychosocial,
                                                                    *const *medication,
                                                                        *const *legal,
                                                                            *const *proceedings,
                                                                                *const *referral,
                                                                                    *const *circumstances,
                                                                                        *const *explained,
                                                                                            *const *comment;
};
extern const struct cv_notes cv_notes;

/* ---- telling ---- */

#define STORY_RECORDS_MAX 32 /* of one case */
#define STORY_PERSONS_MAX 3
#define STORY_TOLD_MAX 96

struct cv_cases {
    uint64_t state, left, number;
    unsigned year; /* the last one that anything happens in */
    struct {
        const char *by;
        struct cv_json *record;
    } queue[STORY_RECORDS_MAX];
    size_t queued, next;
};

/* A date: days since year 0 in years of twelve months of 28 days, so that every one exists, and ages and
 * orders come out of subtraction. */
typedef unsigned story_day;
#define STORY_MONTH 28
#define STORY_YEAR (12 * STORY_MONTH)

struct story_person {
    char id[CV_ID_TEXT_BYTES];
    const char *first, *family, *gender;
    story_day birth;
};

/* What stands for {name} in sentences: a place, a person, a day, a number. */
enum story_slot {
    SLOT_RECRUITER,
    SLOT_GUARD,
    SLOT_HELPER,
    SLOT_FRIEND,
    SLOT_HOME,
    SLOT_ABROAD,
    SLOT_DAY,
    SLOT_LATER,
    SLOT_ESCAPE,
    SLOT_SUM,
    SLOT_DEBT,
    SLOT_LITTLE,
    SLOT_HOURS,
    SLOT_PEOPLE,
    SLOTS
};

/* A case being made up. The first failure stays in st, and every step after it does nothing. */
struct story {
    struct cv_cases *c;
    const struct cv_region *r;
    cv_status st;
    char case_id[CV_ID_TEXT_BYTES];
    struct story_person person[STORY_PERSONS_MAX];
    size_t persons;
    story_day recruited, moved, exploited, escaped, opened;
    size_t abroad; /* which of the cities */
    char slot[SLOTS][96];
    const char *told[STORY_TOLD_MAX]; /* no sentence of the staff comes again in the same case */
    size_t told_count;
};

/** story_pick(s, n): 0 to n - 1. story_id(s, out): a fresh id. */
size_t story_pick(struct story *s, size_t n);
void story_id(struct story *s, char out[static CV_ID_TEXT_BYTES]);
/** story_word(s, list): one of a NULL-terminated list. */
const char *story_word(struct story *s, const char *const *list);

/** story_record(s, by, type, id): a new record in the queue, of a fresh id if that is NULL; borrowed.
 * story_section(s, record, name): borrowed. */
struct cv_json *story_record(struct story *s, const char *by, const char *type, const char *id);
struct cv_json *story_section(struct story *s, struct cv_json *record, const char *name);

/** story_put, _text, _date, _bool(s, o, name, value): one member. story_push(s, list, v): one element. */
void story_put(struct story *s, struct cv_json *o, const char *name, struct cv_json *v);
void story_text(struct story *s, struct cv_json *o, const char *name, const char *value);
void story_date(struct story *s, struct cv_json *o, const char *name, story_day day);
void story_bool(struct story *s, struct cv_json *o, const char *name, bool value);
void story_push(struct story *s, struct cv_json *list, struct cv_json *v);
/** story_words(s, o, name, list, most): 1 to ${most} of a NULL-terminated list, as an array. */
void story_words(struct story *s, struct cv_json *o, const char *name, const char *const *list, size_t most);
/** story_phone(s, o, name): a number of the region that nobody has. */
void story_phone(struct story *s, struct cv_json *o, const char *name);

/** story_slot_set(s, slot, fmt, ...), story_slot_date(s, slot, day): what sentences will say. */
__attribute__((format(printf, 3, 4))) void story_slot_set(struct story *s, enum story_slot slot,
                                                          const char *fmt, ...);
void story_slot_date(struct story *s, enum story_slot slot, story_day day);
/** story_name(s, sex, out): somebody of the region. */
void story_name(struct story *s, unsigned sex, char out[static 96]);
/** story_notes(s, o, name, list, n): ${n} sentences of the staff that this case has not had yet. */
void story_notes(struct story *s, struct cv_json *o, const char *name, const char *const *list, size_t n);
/** story_deal(s, parts, deal): give every sentence of a testimony to one of ${parts} statements, or to none.
 */
void story_deal(struct story *s, unsigned parts, unsigned char deal[static CV_SENTENCES]);
/** story_testimony(s, deal, part, o, name): the sentences dealt to this statement, in paragraphs. */
void story_testimony(struct story *s, const unsigned char deal[static CV_SENTENCES], unsigned part,
                     struct cv_json *o, const char *name);

#endif
