/* Templates, record ids, synthetic cases: what a record may be. The command line's tests have the refusals by
 * message. */
#include "formats/template.h"
#include "formats/crockford.h"
#include "formats/utf8.h"
#include "test.h"

static struct cv_template *t;

static int setup(void **state)
{
    (void)state;
    assert_ok(cv_template_parse(cv_template_default_text(), &t, NULL));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    cv_template_free(t);
    return 0;
}

/* The role matrix of the field: read by row, letters as in the template; a blank is no right. */
static void test_matrix(void **state)
{
    static const char *const roles[] = { "intake",  "protection", "medical",  "legal",
                                         "analyst", "auditor",    "custodian" };
    static const struct {
        const char *section;
        const char *rights[7];
    } rows[] = {
        { "admin", { "c", "rcex", "r", "rx", "", "", "" } },
        { "identity", { "c", "rcex", "r", "rx", "", "", "" } },
        { "contact", { "c", "rce", "", "", "", "", "" } },
        { "exploitation", { "c", "rcex", "", "rx", "", "", "" } },
        { "perpetrators", { "c", "rcex", "", "rx", "", "", "" } },
        { "testimony", { "c", "rcex", "", "rx", "", "", "" } },
        { "evidence", { "c", "rcex", "", "rx", "", "", "" } },
        { "medical", { "c", "", "rce", "", "", "", "" } },
        { "risk", { "c", "rcex", "r", "", "", "", "" } },
        { "consent", { "c", "rcex", "r", "rcex", "", "", "" } },
        { "legal", { "", "", "", "rce", "", "", "" } },
        { "coded", { "c", "ce", "", "", "r", "", "" } },
        { "audit", { "", "", "", "", "", "r", "" } },
        { "directory", { "r", "rce", "r", "r", "r", "r", "rce" } },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        for (size_t r = 0; r < 7; r++) {
            unsigned want = 0;
            for (const char *c = rows[i].rights[r]; *c != '\0'; c++)
                want |= *c == 'r'   ? CV_RIGHT_READ
                        : *c == 'c' ? CV_RIGHT_CREATE
                        : *c == 'e' ? CV_RIGHT_EDIT
                                    : CV_RIGHT_EXPORT;
            assert_int_equal(cv_template_rights(t, rows[i].section, roles[r]), want);
        }
    assert_int_equal(cv_template_rights(t, "admin", "nobody"), 0);
    assert_int_equal(cv_template_rights(t, "nothing", "legal"), 0);
}

/* checked(text): what the template says to a record. */
static cv_status checked(const char *text)
{
    struct cv_json *record = NULL;
    assert_ok(cv_json_parse(cv_bytes_str(text), 4096, "test", &record, NULL));
    const cv_status st = cv_template_check(t, record, NULL);
    cv_json_free(record);
    return st;
}

/* Every name of the Human Trafficking Case Data Standard, core and optional, by which imports and exports go;
 * whether it takes several values; and the words of a choice, which others' files use too. Two choices are
 * ours: the states of a consent (the form has TRUE and FALSE), and education (it leaves it open). */
static const struct {
    const char *name;
    bool multi;
    const char *choices; /* separated by blanks; NULL where there are none */
} standard[] = {
    /* person, core */
    { "prs_Salutation", false, NULL },
    { "prs_FirstName", false, NULL },
    { "prs_SecondName", false, NULL },
    { "prs_Birthdate", false, NULL },
    { "prs_Gender", false,
      "Feminine Masculine TransgenderFeminine TransgenderMasculine NonConforming "
      "NonSpecifiedUnknown" },
    { "prs_Citizenship", true, NULL },
    { "prs_Title", false, NULL },
    { "prs_Email", false, NULL },
    { "prs_HomePhone", false, NULL },
    { "prs_MobilePhone", false, NULL },
    { "prs_MailingStreet", false, NULL },
    { "prs_MailingCity", false, NULL },
    { "prs_MailingState", false, NULL },
    { "prs_MailingPostalCode", false, NULL },
    { "prs_MailingCountry", false, NULL },
    /* person, optional */
    { "prs_MiddleName", false, NULL },
    { "prs_Deceased", false, NULL },
    { "prs_MaritalStatus", false, "Single Married Widowed Divorced Separated RegisteredPartnership" },
    { "prs_NumberOfChildren", false, NULL },
    { "prs_PrimaryLanguage", false, NULL },
    { "prs_SecondaryLanguage", false, NULL },
    { "prs_HighestLevelOfEducation", false, "None Primary Secondary Vocational Higher Unknown" },
    { "prs_IdentityNumber", false, NULL },
    { "prs_MailingLongitude", false, NULL },
    { "prs_MailingLatitude", false, NULL },
    /* victim, core */
    { "vic_TraffickingStatus", false,
      "PossibleVictimOfTrafficking ActualVictimOfTrafficking NotAVictimOfTrafficking" },
    { "vic_TraffickingStatusDecisionMakingOrg", false,
      "Police NGO CourtOrProsecution NonPoliceGovernmentalOrganization Other" },
    { "vic_MethodOfRecruitment", true,
      "AtAPlaceOfBusiness AtAnEducationalInstitution AtWork ThroughOnlineSocialNetworks "
      "ThroughAnOnlineAdvertisement ThroughATelevisionAdvert ThroughANewspaperAdvert "
      "ThroughFamilyOrFamilyEvents ThroughFriendsOrSocialEvents Other" },
    { "vic_LocationOfRecruitment", false, NULL },
    { "vic_LocationOfExploitation", false, NULL },
    { "vic_MethodsOfControl", true,
      "PhysicalThreats ThreatsLawEnforcement ThreatensChildrenFamily DebtBondage "
      "FalsePromises PhysicalAbuse SexualAbuse TakesEarnings RestrictsFinancialAccess "
      "RestrictsMedicalCare WithholdsNecessities PsychologicalAbuse "
      "PsychoactiveSubstance ExcessiveWorkingHours WithholdsDocuments Other" },
    { "vic_TypeOfExploitation", true,
      "ForcedLabour SexualExploitation ChildLabour ForcedMarriage Servitude "
      "ForcedMilitaryByNonStateActors OrganRemoval ForcedBegging ForcedAdoption "
      "Surrogacy Other" },
    { "vic_ForcedLabourIndustry", true,
      "A_AgricultureForestryAndFishing B_MiningAndQuarrying C_Manufacturing "
      "D_ElectricityGasSteamAndAirConditioningSupply "
      "E_WaterSupplySewerageWasteManagement F_Construction "
      "G_WholesaleAndRetailTradeRepairOfMotorVehicles H_TransportationAndStorage "
      "I_AccommodationAndFoodServiceActivities J_InformationAndCommunication "
      "K_FinancialAndInsuranceActivities L_RealEstateActivities "
      "M_ProfessionalScientificAndTechnicalActivities "
      "N_AdministrativeAndSupportServiceActivities O_PublicAdministrationAndDefence "
      "P_Education Q_HumanHealthAndSocialWorkActivities "
      "R_ArtsEntertainmentAndRecreation S_OtherServiceActivities "
      "T_ActivitiesOfHouseholdsAsEmployers U_ActivitiesOfExtraterritorialOrganizations" },
    { "vic_TypeOfSexExploitation", true,
      "Prostitution Pornography RemoteInteractiveServices PrivateSexualServices" },
    /* victim, optional */
    { "vic_RelationshipToTrafficker", false, "Familial Acquainted Unaquainted" },
    { "vic_AgeWhenTrafficked", false, NULL },
    { "vic_RecruitmentWebsitesAndApps", false, NULL },
    { "vic_ExploitationWebsitesAndApps", false, NULL },
    /* perpetrator */
    { "per_RoleInProcess", true,
      "TravellingPartner Transporter RecruiterOrIntermediary BrokerTravelAgent "
      "TransferredIndividual HarbouredIndividual SoldIndividual BoughtIndividual "
      "ReceivedIndividual ControlledIndividual Smuggler Abuser Kidnapper Exploiter "
      "Other" },
    { "per_RoleDetails", false, NULL },
    { "per_Organisation", false, NULL },
    /* case */
    { "cas_Status", false, "Active FollowUp Closed ClosedReferred" },
    { "cas_ReasonForCaseClosure", false, NULL },
    { "cas_CaseOwner", false, NULL },
    { "cas_ReferringOrganisation", false, NULL },
    { "cas_IncomingReferralDate", false, NULL },
    { "cas_ReferringPrimaryCaseWorker", false, NULL },
    { "cas_ReasonForIncomingReferral", false,
      "AdditionalServicesRequired MigrationOrChangeOfLocation Other" },
    { "cas_IncomingReferralDetails", false, NULL },
    { "cas_ReferredOrganisation", false, NULL },
    { "cas_ReferredPrimaryCaseWorker", false, NULL },
    { "cas_ReasonForOutgoingReferral", false,
      "AdditionalServicesRequired MigrationOrChangeOfLocation Other" },
    { "cas_OutgoingReferralDate", false, NULL },
    { "cas_OutgoingReferralDetails", false, NULL },
    /* comment */
    { "cco_CaseComment", false, NULL },
    /* event */
    { "hte_Date", false, NULL },
    { "hte_Type", false, "Recruitment Transit Exploitation" },
    { "hte_Description", false, NULL },
    { "hte_Street", false, NULL },
    { "hte_City", false, NULL },
    { "hte_State", false, NULL },
    { "hte_PostalCode", false, NULL },
    { "hte_Country", false, NULL },
    { "hte_Longitude", false, NULL },
    { "hte_Latitude", false, NULL },
    /* support */
    { "spl_Type", true,
      "Education Financial Health LabourExploitationRehabilitation Legal Livelihood "
      "RightsBasedTraining SexualExploitationRehabilitation SocialCare" },
    { "spl_Objectives", false, NULL },
    { "spl_ActionPlan", false, NULL },
    { "spl_PlannedEndDate", false, NULL },
    { "spl_ActualEndDate", false, NULL },
    /* consent */
    { "con_Consent", false, "Given Refused Withdrawn NotAsked" },
    /* organisation */
    { "org_Name", false, NULL },
    { "org_ShippingStreet", false, NULL },
    { "org_ShippingCity", false, NULL },
    { "org_ShippingState", false, NULL },
    { "org_ShippingPostalCode", false, NULL },
    { "org_ShippingCountry", false, NULL },
    { "org_Phone", false, NULL },
    { "org_Type", false,
      "NGO LawEnforcement HealthServiceOrganisation CentralGovernmentOrganisation "
      "LocalGovernmentOrganisation ImmigrationService LegalService CorporateBusiness "
      "SchoolOrCollege" },
};
#define STANDARD (sizeof(standard) / sizeof(standard[0]))

/* What was found of the standard in the template. */
struct found {
    unsigned times[STANDARD];
    struct cv_template_field field[STANDARD];
};

static void note(struct found *found, const struct cv_template_field *f)
{
    size_t i = 0;
    if (f->htcds == NULL)
        return;
    while (i < STANDARD && strcmp(standard[i].name, f->htcds) != 0)
        i++;
    if (i == STANDARD) {
        fail_msg("%s is no name of the standard", f->htcds);
        return;
    }
    found->times[i]++;
    found->field[i] = *f;
}

/* same_choices(have, want): the same words in the same order. */
static bool same_choices(const struct cv_json *have, const char *want)
{
    struct cv_buf words = { 0 };
    if (want == NULL)
        return have == NULL;
    for (size_t i = 0; i < cv_json_len(have); i++)
        assert_ok(cv_buf_printf(&words, "%s%s", i > 0 ? " " : "", cv_json_cstr(cv_json_at(have, i))));
    const bool same = cv_bytes_equal(cv_buf_view(&words), cv_bytes_str(want));
    cv_buf_free(&words);
    return same;
}

static void test_standard(void **state)
{
    struct found found = { 0 };
    const char *type, *section;
    struct cv_template_field f, inner;
    (void)state;
    for (size_t a = 0; (type = cv_template_type(t, a)) != NULL; a++)
        for (size_t b = 0; (section = cv_template_type_section(t, type, b)) != NULL; b++)
            for (size_t c = 0; cv_template_field(t, type, section, c, &f); c++) {
                note(&found, &f);
                for (size_t d = 0; cv_template_inner(t, type, section, f.name, d, &inner); d++)
                    note(&found, &inner);
            }
    for (size_t i = 0; i < STANDARD; i++) {
        if (found.times[i] != 1)
            fail_msg("%s stands in %u places", standard[i].name, found.times[i]);
        if (found.field[i].multi != standard[i].multi ||
            !same_choices(found.field[i].choices, standard[i].choices))
            fail_msg("%s has other choices, or another number of values", standard[i].name);
    }
}

static void test_perpetrators(void **state)
{
    static const char *const htcds[] = { "per_RoleInProcess", "per_RoleDetails", "per_Organisation" };
    struct cv_template_field f;
    size_t found = 0;
    (void)state;
    for (size_t i = 0; cv_template_inner(t, "case", "perpetrators", "persons", i, &f); i++)
        for (size_t j = 0; f.htcds != NULL && j < 3; j++)
            found += strcmp(f.htcds, htcds[j]) == 0;
    assert_int_equal(found, 3);
    assert_false(cv_template_inner(t, "case", "perpetrators", "nobody", 0, &f));
    assert_false(cv_template_inner(t, "person", "identity", "first_name", 0, &f));
    assert_status(
        checked("{\"type\":\"case\",\"perpetrators\":{\"persons\":[{\"role\":[\"Exploiter\",\"Abuser\"]}]}}"),
        CV_OK);
    assert_status(checked("{\"type\":\"case\",\"perpetrators\":{\"persons\":[{\"role\":\"Exploiter\"}]}}"),
                  CV_ERR_FORMAT);
    assert_ok(checked("{\"type\":\"person\",\"identity\":{\"number_of_children\":0}}"));
    assert_status(checked("{\"type\":\"person\",\"identity\":{\"number_of_children\":-1}}"), CV_ERR_FORMAT);
    assert_status(checked("{\"type\":\"person\",\"exploitation\":{\"age_when_trafficked\":-1}}"),
                  CV_ERR_FORMAT);
    assert_status(checked("{\"type\":\"case\",\"perpetrators\":{\"persons\":[{\"role\":[\"King\"]}]}}"),
                  CV_ERR_FORMAT);
}

static void test_code(void **state)
{
    struct cv_json *record = NULL;
    (void)state;
    assert_ok(cv_json_parse(
        CV_LIT("{\"type\":\"person\",\"identity\":{\"birth_date\":\"1990-02-28\",\"gender\":\"Feminine\"},"
               "\"exploitation\":{\"type_of_exploitation\":[\"ForcedLabour\"]},\"coded\":{\"birth_year\":"
               "\"1800\"}}"),
        4096, "test", &record, NULL));
    assert_ok(cv_template_code(t, record, NULL));
    const struct cv_json *coded = cv_json_get(record, "coded");
    assert_string_equal(cv_json_get_str(coded, "birth_year"), "1990");
    assert_string_equal(cv_json_get_str(coded, "gender"), "Feminine");
    assert_int_equal(cv_json_len(cv_json_get(coded, "type_of_exploitation")), 1);
    assert_null(cv_json_get(coded, "citizenship"));
    assert_ok(cv_template_check(t, record, NULL));
    cv_json_free(record);
}

static void test_code_age(void **state)
{
    /* Who is born on a day is so old on another; what a date lacks is not guessed at. */
    static const struct {
        const char *born, *on, *group;
    } rows[] = {
        { "2010-06-15", "2024-06-14", "9-17" },  { "2006-06-15", "2024-06-14", "9-17" },
        { "2006-06-15", "2024-06-15", "18-20" }, { "2015-06-15", "2024-06-14", "0-8" },
        { "2015-06-15", "2024-06-15", "9-17" },  { "2024-06-15", "2024-06-15", "0-8" },
        { "1930-01-01", "2024-06-15", "48+" },   { "2006", "2024-01-01", "18-20" },
        { "2006-06", "2024-05-31", "9-17" },     { "2006-06", "2024-06-01", "18-20" },
        { "2024-06-16", "2024-06-15", NULL },    { "2025", "2024-06-15", NULL },
        { "1990-02-30", "2024-06-15", NULL },    { "1990-02-28", "soon", NULL },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct cv_json *record = NULL;
        char text[256];
        (void)snprintf(text, sizeof(text),
                       "{\"type\":\"person\",\"admin\":{\"role\":\"Victim\",\"registered\":\"%s\"},"
                       "\"identity\":{\"birth_date\":\"%s\"}}",
                       rows[i].on, rows[i].born);
        assert_ok(cv_json_parse(cv_bytes_str(text), 4096, "test", &record, NULL));
        assert_ok(cv_template_code(t, record, NULL));
        const char *group = cv_json_get_str(cv_json_get(record, "coded"), "age_group");
        if (rows[i].group == NULL)
            assert_null(group);
        else if (group == NULL || strcmp(group, rows[i].group) != 0)
            fail_msg("%s on %s: %s", rows[i].born, rows[i].on, group != NULL ? group : "none");
        cv_json_free(record);
    }
}

/* A person who is registered without the day is so today; what is said, and a section that says nothing,
 * stays. */
static void test_default(void **state)
{
    static const struct {
        const char *record, *registered;
    } rows[] = {
        { "{\"type\":\"person\",\"admin\":{\"role\":\"Victim\"}}", "2024-06-15" },
        { "{\"type\":\"person\",\"admin\":{\"role\":\"Victim\",\"registered\":\"2020-01-31\"}}",
          "2020-01-31" },
        { "{\"type\":\"person\",\"admin\":{}}", NULL },
        { "{\"type\":\"person\",\"identity\":{\"first_name\":\"A\"}}", NULL },
        { "{\"type\":\"case\",\"admin\":{\"case_number\":\"1\",\"status\":\"Active\"}}", NULL },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct cv_json *record = NULL, *before;
        assert_ok(cv_json_parse(cv_bytes_str(rows[i].record), 4096, "test", &record, NULL));
        before = cv_json_copy(record);
        assert_ok(cv_template_default(t, record, "2024-06-15", NULL));
        const char *registered = cv_json_get_str(cv_json_get(record, "admin"), "registered");
        if (rows[i].registered == NULL)
            assert_true(cv_json_equal(record, before));
        else
            assert_string_equal(registered, rows[i].registered);
        cv_json_free(before);
        cv_json_free(record);
    }
}

static void test_dimensions(void **state)
{
    static const char *const words[] = { "year",  "citizenship", "age",         "gender", "form", "control",
                                         "place", "status",      "recruitment", "role",   NULL };
    const char *section = NULL;
    struct cv_template_field f;
    size_t i = 0;
    (void)state;
    for (; words[i] != NULL; i++) {
        assert_true(cv_template_dimension(t, "person", i, &section, &f));
        assert_string_equal(f.dimension, words[i]);
        assert_string_equal(section, "coded");
    }
    assert_false(cv_template_dimension(t, "person", i, &section, &f));
    assert_true(cv_template_dimension(t, "case", 1, &section, &f));
    assert_string_equal(f.dimension, "status");
    assert_false(cv_template_dimension(t, "testimony", 0, &section, &f));
    assert_false(cv_template_dimension(t, "nothing", 0, &section, &f));
}

/* template_with(choices): the smallest template with one choice field, of ${choices} choices. */
static cv_status template_with(size_t choices)
{
    struct cv_buf text = { 0 };
    struct cv_template *made = NULL;
    assert_ok(cv_buf_str(
        &text,
        "{\"casevault\":\"template v1\",\"name\":\"t\",\"roles\":[\"custodian\"],\"sections\":{\"audit\":"
        "{\"rights\":{}},\"x\":{\"rights\":{}}},\"types\":{\"t\":{\"sections\":{\"x\":[{\"name\":"
        "\"f\",\"type\":\"choice\",\"choices\":["));
    for (size_t i = 0; i < choices; i++)
        assert_ok(cv_buf_printf(&text, "%s\"c%zu\"", i > 0 ? "," : "", i));
    assert_ok(cv_buf_str(&text, "]}]}}}}"));
    const cv_status st = cv_template_parse(cv_buf_view(&text), &made, NULL);
    cv_template_free(made);
    cv_buf_free(&text);
    return st;
}

static void test_choices(void **state)
{
    (void)state;
    assert_status(template_with(0), CV_ERR_FORMAT);
    assert_ok(template_with(1));
    assert_ok(template_with(1000));
    assert_status(template_with(1001), CV_ERR_FORMAT);
}

/* A name that no template could have is not repeated in the refusal: it may be what somebody said. */
static void test_no_echo(void **state)
{
    static const char *const rows[] = {
        "{\"type\":\"She said: help\"}",
        "{\"type\":\"person\",\"She said: help\":{}}",
        "{\"type\":\"person\",\"identity\":{\"She said: help\":1}}",
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct cv_json *record = NULL;
        struct cv_err err = { 0 };
        assert_ok(cv_json_parse(cv_bytes_str(rows[i]), 4096, "test", &record, NULL));
        assert_status(cv_template_check(t, record, &err), CV_ERR_FORMAT);
        assert_null(strstr(err.msg, "help"));
        cv_json_free(record);
    }
}

static void test_codes(void **state)
{
    (void)state;
    assert_true(cv_template_codes(t, "person", "coded", "identity"));
    assert_true(cv_template_codes(t, "person", "coded", "exploitation"));
    assert_true(cv_template_codes(t, "person", "coded", "admin"));
    assert_false(cv_template_codes(t, "person", "coded", "medical"));
    assert_false(cv_template_codes(t, "person", "identity", "coded"));
    assert_false(cv_template_codes(t, "person", "none", "identity"));
}

static void test_lookup(void **state)
{
    struct cv_template_field f;
    (void)state;
    assert_true(cv_template_field_named(t, "testimony", "testimony", "statements", &f));
    assert_true(f.elements && f.multi && f.max == 12);
    assert_false(cv_template_field_named(t, "person", "identity", "statements", &f));
    assert_int_equal(cv_template_fill(t, "testimony", "testimony"), 2);
    assert_int_equal(cv_template_fill(t, "dragon", "testimony"), 0);
    assert_string_equal(cv_template_label(t, "person", "identity", "first_name"), "First name");
    assert_string_equal(cv_template_label(t, "person", "identity", NULL), "Identity");
    assert_string_equal(cv_template_label(t, "person", NULL, NULL), "Person");
    assert_true(cv_template_profile_allows(t, "prosecution", "testimony", "statements"));
    assert_false(cv_template_profile_allows(t, "repatriation", "testimony", "statements"));
    assert_false(cv_template_profile_allows(t, "prosecution", "medical", "needs"));
}

static void test_ids(void **state)
{
    uint8_t id[CV_ID_BYTES], got[CV_ID_BYTES];
    char text[CV_ID_TEXT_BYTES];
    (void)state;
    for (unsigned round = 0; round < 200; round++) {
        for (size_t i = 0; i < sizeof(id); i++)
            id[i] = (uint8_t)(round * 101 + i * 59 + (round >> 3));
        if (round < 2)
            memset(id, round == 0 ? 0 : 0xff, sizeof(id));
        cv_id_text(id, text);
        assert_int_equal(strlen(text), 27);
        assert_ok(cv_id_parse(cv_bytes_str(text), got, NULL));
        assert_memory_equal(got, id, sizeof(id));
        /* Any one digit typed wrong, any two neighbours swapped, is found. */
        for (size_t at = 0; at < 26; at++) {
            const char was = text[at];
            text[at] = was == 'Z'   ? '0'
                       : was == '9' ? 'A'
                       : was == 'H' ? 'J'
                       : was == 'K' ? 'M'
                       : was == 'N' ? 'P'
                       : was == 'T' ? 'V'
                                    : (char)(was + 1);
            assert_status(cv_id_parse(cv_bytes_str(text), got, NULL), CV_ERR_FORMAT);
            text[at] = was;
            if (at > 0 && text[at] != text[at - 1]) {
                const char left = text[at - 1];
                text[at - 1] = text[at];
                text[at] = left;
                assert_status(cv_id_parse(cv_bytes_str(text), got, NULL), CV_ERR_FORMAT);
                text[at] = text[at - 1];
                text[at - 1] = left;
            }
        }
        for (size_t cut = 0; cut < 27; cut++)
            assert_status(cv_id_parse(CV_BYTES(text, cut), got, NULL), CV_ERR_FORMAT);
    }
    assert_ok(cv_id_parse(CV_LIT("ooooo-ooooo-ooooo-ooooo-ooooo-oo"), got, NULL)); /* as people type zeros */
}

static void test_utf8(void **state)
{
    static const char *const bad[] = { "\x80",
                                       "\xc0\x80",
                                       "\xc1\xbf",
                                       "\xe0\x80\x80",
                                       "\xed\xa0\x80",
                                       "\xf0\x80\x80\x80",
                                       "\xf4\x90\x80\x80",
                                       "\xf8\x88\x80\x80\x80",
                                       "\xe2\x82",
                                       "\xff" };
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(cv_utf8_valid(cv_bytes_str(bad[i])));
    assert_true(cv_utf8_valid(cv_bytes_str("Ș ხ Ј \xf0\x9f\x98\x80")));
    assert_int_equal(cv_utf8_count(cv_bytes_str("Хатуна")), 6);
    assert_false(cv_utf8_harmless(0x1b));
    assert_false(cv_utf8_harmless(0x9b));
    assert_false(cv_utf8_harmless(0x202e));
    assert_true(cv_utf8_harmless(0x10ee));
}

static void test_titles(void **state)
{
    static const struct {
        const char *type, *section, *first, *second;
    } rows[] = { { "person", "identity", "first_name", "second_name" },
                 { "case", "admin", "case_number", NULL },
                 { "partner", "directory", "name", NULL },
                 { "staff", "directory", "name", NULL },
                 { "testimony", NULL, NULL, NULL },
                 { "dragon", NULL, NULL, NULL } };
    struct cv_template_field f;
    const char *section;
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(cv_template_title(t, rows[i].type, 0, &section, &f), rows[i].first != NULL);
        if (rows[i].first == NULL)
            continue;
        assert_string_equal(section, rows[i].section);
        assert_string_equal(f.name, rows[i].first);
        assert_int_equal(cv_template_title(t, rows[i].type, 1, &section, &f), rows[i].second != NULL);
        if (rows[i].second != NULL)
            assert_string_equal(f.name, rows[i].second);
        assert_false(cv_template_title(t, rows[i].type, 2, &section, &f));
    }
    assert_true(cv_template_inner(t, "testimony", "testimony", "statements", 2, &f));
    assert_string_equal(f.label, "Words");
    assert_false(cv_template_inner(t, "testimony", "testimony", "statements", 5, &f));
    assert_false(cv_template_inner(t, "testimony", "testimony", "circumstances", 0, &f));
    assert_true(cv_template_profile_names(t, "repatriation", "medical", "needs"));
    assert_false(
        cv_template_profile_names(t, "repatriation", "admin", "case_number")); /* only by the asterisk */
    assert_string_equal(cv_template_profile_section(t, "referral", 0), "admin");
    assert_string_equal(cv_template_profile_section(t, "referral", 4), "consent");
    assert_null(cv_template_profile_section(t, "referral", 5));
    assert_null(cv_template_profile_section(t, "nothing", 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_matrix), cmocka_unit_test(test_standard), cmocka_unit_test(test_perpetrators),
        cmocka_unit_test(test_code),   cmocka_unit_test(test_code_age), cmocka_unit_test(test_dimensions),
        cmocka_unit_test(test_codes),  cmocka_unit_test(test_choices),  cmocka_unit_test(test_no_echo),
        cmocka_unit_test(test_lookup), cmocka_unit_test(test_ids),      cmocka_unit_test(test_utf8),
        cmocka_unit_test(test_titles), cmocka_unit_test(test_default),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
