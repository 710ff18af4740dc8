#include "cmd/story.h"

/* What the staff write, in the language they work in: sentences for each place, enough of them that no case
 * says one twice. */

const struct cv_story_partner cv_story_partners[CV_STORY_PARTNERS] = {
    { "Harbour House Training Shelter", "NGO", "Vienna", "AT", "+43155501001", "Referral" },
    { "Training Office of the Prosecutor", "CentralGovernmentOrganisation", "Belgrade", "RS", "+38111555010",
      "Prosecution" },
    { "Lantern Legal Aid (training)", "LegalService", "Tirana", "AL", "+35542555010", "Prosecution" },
    { "Training Clinic Saint Luke", "HealthServiceOrganisation", "Tbilisi", "GE", "+99532255501", "Medical" },
    { "Return Desk (training)", "ImmigrationService", "Chisinau", "MD", "+37322555010", "Repatriation" },
    { "Open Door Workshop (training)", "CorporateBusiness", "Ashgabat", "TM", "+99312555010", "Referral" },
};

const struct cv_exhibit cv_exhibits[CV_EXHIBITS] = {
    { "Photograph", "door.jpg", "image/jpeg",
      "Photograph of the door of the room, with the bolt on the outside." },
    { "Document", "contract.pdf", "application/pdf",
      "The contract that was shown, with a stamp of a firm that is not registered." },
    { "Message", "messages.txt", "text/plain",
      "Messages of {recruiter}, copied from the telephone, with threats after {escape}." },
    { "Recording", "call.ogg", "audio/ogg", "Recording of a call in which {debt} euro are demanded." },
    { "Scan", "ticket.pdf", "application/pdf", "Scan of the ticket to {abroad}." },
    { "Scan", "notebook.pdf", "application/pdf", "Scan of pages of the notebook of debts and fines." },
};

static const char *const summary[] = {
    "Recruited in {home} on {day} with the promise of a job in {abroad}.",
    "{recruiter} offered {sum} euro a month and paid the journey.",
    "Documents were taken on {later}; a debt of {debt} euro was claimed.",
    "Work of {hours} hours a day, without pay and without leave to go out.",
    "Got away on {escape} and came to us the same week.",
    "Housed with {people} others in one room, locked at night.",
    "The account has been consistent from the first interview on.",
    NULL,
};
static const char *const routes[] = {
    "By minibus from {home}, with one stop for the night, to {abroad}.",
    "From {home} by coach; across the border on foot, then by car to {abroad}.",
    "By air to {abroad} with a ticket that {recruiter} had bought.",
    NULL,
};
static const char *const perpetrator[] = {
    "About forty, speaks three languages, has used other names.",
    "Drives a white van; was seen again in {home} after {escape}.",
    "Held the key of the room and the notebook of debts.",
    "Known to other clients of this office under the same name.",
    "Said to have a brother at the crossing.",
    NULL,
};
static const char *const recruitment[] = {
    "First contact in {home} through an acquaintance of the family.",
    "{recruiter} showed a contract and promised {sum} euro a month.",
    "An advertisement had named a telephone number that is no longer in use.",
    "The ticket was paid in advance and later counted as debt.",
    "The family was told that the work was in a hotel.",
    NULL,
};
static const char *const transit[] = {
    "Travelled in a group of {people}; the driver kept the passports.",
    "At the border they had to say that they were on holiday.",
    "One night in a flat near the crossing, nobody was let out.",
    "The telephones were collected before the border.",
    NULL,
};
static const char *const exploitation[] = {
    "Working days of {hours} hours; wages were kept against a debt of {debt} euro.",
    "{guard} controlled the door and the only telephone.",
    "Fines were written down for lateness, illness and talking.",
    "Paid once: {little} euro, taken back for food.",
    "Others were beaten as an example.",
    NULL,
};
static const char *const risk[] = {
    "{recruiter} knows the address of the family in {home}.",
    "Threats by telephone were reported after {escape}.",
    "No contact with the network since the move to the shelter.",
    "Return to {home} is not advised before the hearing.",
    "A relative there can receive the person, and has been visited.",
    "The alleged debt may be demanded again.",
    "The person goes out only accompanied.",
    "Photographs were published on a social network and have been taken down.",
    "Contact through a cousin cannot be excluded.",
    "The locality is small; a return would be noticed at once.",
    NULL,
};
static const char *const safety[] = {
    "A new telephone number, known to the case worker alone.",
    "A word is agreed on for calls when somebody else listens.",
    "The way to work changes; a colleague comes along on the first days.",
    "The police station nearby has a contact person who is informed.",
    "Accounts on social networks are closed or under another name.",
    "A bag with papers and medicine stands ready.",
    NULL,
};
static const char *const objective[] = {
    "A safe place to live for the next six months.",
    "Papers of one's own: a new passport and a residence permit.",
    "An income without dependence on an agency.",
    "Sleep and daily life without fear.",
    "Contact with the family, at a pace the person decides.",
    "A decision on proceedings, taken freely and with advice.",
    NULL,
};
static const char *const action[] = {
    "Weekly talk with the psychologist, in the first language.",
    "Appointment at the embassy for a new passport.",
    "A language course from next month on, mornings.",
    "A visit to the workshop with a view to an apprenticeship.",
    "Advice by a lawyer before any statement to the police.",
    "Opening of a bank account in the person's own name.",
    "Medical check and dental treatment, paid by the fund.",
    "Review of this plan together after three months.",
    NULL,
};
static const char *const needs[] = {
    "Medication twice a day, to be taken with food.",
    "Glasses; the old ones were broken during the stay.",
    "No lifting above five kilograms for eight weeks.",
    "An interpreter of the same sex at every appointment.",
    "Follow-up of the blood pressure every two weeks.",
    "A diet low in salt; an allergy to penicillin is known.",
    NULL,
};
static const char *const findings[] = {
    "Underweight by about eight kilograms; otherwise in fair general condition.",
    "Healed fracture of the left forearm, set without treatment.",
    "Scars on both wrists, consistent with being tied.",
    "Blood pressure raised at three measurements; treatment begun.",
    "Untreated caries of several teeth.",
    "Chronic back pain after heavy work; no neurological deficit.",
    "Mild anaemia; iron given by mouth.",
    "Chemical burns on the hands, healing, from cleaning agents.",
    "Chest clear, no sign of tuberculosis in the radiograph.",
    "Hearing on the right side reduced after a blow.",
    NULL,
};
static const char *const psychosocial[] = {
    "Wakes several times each night; avoids closed rooms.",
    "Oriented, attentive, and clear about the own wishes.",
    "Speaks of guilt towards the family more than of fear.",
    "Startles at steps on the stairs; calmer since the change of room.",
    "No thoughts of suicide at present; a follow-up is agreed.",
    "Has found friends in the house and cooks for others.",
    NULL,
};
static const char *const medication[] = {
    "Amlodipine 5 mg in the morning",
    "Iron sulphate 100 mg daily for three months",
    "Ibuprofen 400 mg when needed, at most three a day",
    "Sertraline 50 mg in the morning",
    NULL,
};
static const char *const legal[] = {
    "The client does not wish to testify at present; this was noted without any pressure.",
    "Limitation for the claim of wages ends three years after {escape}.",
    "The contract shown in {home} is void; a copy is with the exhibits.",
    "Compensation from the fund for victims of crime can be asked for until the end of next year.",
    "Witness protection was explained; the client will think about it.",
    "{recruiter} is named in another file of this office; a possible conflict was checked.",
    "Non-punishment applies to the use of false papers at the border.",
    NULL,
};
static const char *const proceedings[] = {
    "None so far; the client decides.",
    "Complaint filed; the hearing has no date yet.",
    "Civil claim for wages prepared, not filed.",
    "Statement before the judge taken by video link.",
    NULL,
};
static const char *const referral[] = {
    "A place was confirmed by telephone; arrival by car, accompanied.",
    "Only what the service needs was passed on, as agreed with the person.",
    "The person visited beforehand and wishes to go there.",
    "A case worker who speaks the language is on duty on weekdays.",
    NULL,
};
static const char *const circumstances[] = {
    "In the small room, with an interpreter; breaks whenever wanted.",
    "In two sittings; read back and confirmed sentence by sentence.",
    "By choice of the person without an interpreter.",
    NULL,
};
static const char *const explained[] = {
    "Read out in the first language, with time for questions; a copy was given.",
    "With an interpreter by telephone; repeated in own words.",
    "With pictures, because reading is difficult; understood.",
    NULL,
};
static const char *const comment[] = {
    "Called the shelter: all is well, the course has begun.",
    "The person asked for news of {friend}; none so far.",
    "New shoes and a winter coat from the fund.",
    "Met the case worker of the other organisation; the next step is agreed.",
    "Does not want to be called before ten in the morning.",
    "The sister telephoned; she knows nothing of the events and shall not be told.",
    NULL,
};

const struct cv_notes cv_notes = {
    .summary = summary,
    .routes = routes,
    .perpetrator = perpetrator,
    .recruitment = recruitment,
    .transit = transit,
    .exploitation = exploitation,
    .risk = risk,
    .safety = safety,
    .objective = objective,
    .action = action,
    .needs = needs,
    .findings = findings,
    .psychosocial = psychosocial,
    .medication = medication,
    .legal = legal,
    .proceedings = proceedings,
    .referral = referral,
    .circumstances = circumstances,
    .explained = explained,
    .comment = comment,
};
