"""The second wall around talks: who is one of the two, who reads later, and nobody else.

Each condition is the one of the model's `visible_to`, said again in the database. Heads of talks
also open for a purpose (`units.wall.PURPOSES`); what somebody has written never does.
"""

from django.db import migrations

from units.walling import ANSWERS_FOR, PERSON, PURPOSE, append_only, wall

# One of the two: the employee, or the holder while they manage the employee or stand in for the
# manager (`TalkQuerySet.shared_by`).
MY_TALKS = """
CREATE FUNCTION portal_my_talks() RETURNS SETOF bigint
LANGUAGE sql STABLE PARALLEL SAFE ROWS 100 AS $$
    SELECT t.id FROM public.dialogues_talk t WHERE t.employee_id = public.portal_person()
    UNION ALL
    SELECT t.id FROM public.dialogues_talk t
    WHERE t.holder_id = public.portal_person()
      AND (t.employment_id = ANY (ARRAY(SELECT public.portal_answers_for()))
           OR t.employment_id = ANY (ARRAY(SELECT public.portal_stands_in_for(true)))
           OR t.kind <> 'SALARY'
              AND t.employment_id = ANY (ARRAY(SELECT public.portal_stands_in_for())))
$$;
"""
# Whose counterpart's shared preparation opens: who is ready with their own.
READY = """
CREATE FUNCTION portal_ready_in(party text) RETURNS SETOF bigint
LANGUAGE sql STABLE PARALLEL SAFE ROWS 100 AS $$
    SELECT t.id FROM public.dialogues_talk t
    WHERE t.id = ANY (ARRAY(SELECT public.portal_my_talks()))
      AND CASE party
          WHEN 'EMPLOYEE' THEN t.employee_id = public.portal_person()
                               AND t.employee_ready_at IS NOT NULL
          ELSE t.holder_id = public.portal_person() AND t.holder_ready_at IS NOT NULL
      END
$$;
"""
# Whom one may open a record of in need: HR of the authority, and managers above the employee, on
# the day itself (`models.talk.openable_in_need`).
REACHES = """
CREATE FUNCTION portal_reaches(employment bigint) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT EXISTS (
        SELECT FROM public.units_employment e
        JOIN public.units_unitline line ON line.descendant_id = e.unit_id
        JOIN public.units_roleassignment r ON r.unit_id = line.ancestor_id
        WHERE e.id = $1 AND e.person_id <> public.portal_person()
          AND NOT line.crosses_border AND line.starts_on <= public.portal_day()
          AND (line.ends_on IS NULL OR line.ends_on >= public.portal_day())
          AND r.person_id = public.portal_person() AND r.starts_on <= public.portal_day()
          AND (r.ends_on IS NULL OR r.ends_on >= public.portal_day())
          AND (r.role = 'HR' OR r.role = 'MANAGER' AND NOT EXISTS (
              SELECT FROM public.units_unitline up
              JOIN public.units_roleassignment own ON own.unit_id = up.ancestor_id
              WHERE up.descendant_id = e.unit_id AND up.depth >= line.depth
                AND NOT up.crosses_border AND up.starts_on <= public.portal_day()
                AND (up.ends_on IS NULL OR up.ends_on >= public.portal_day())
                AND own.person_id = e.person_id AND own.role = 'MANAGER'
                AND own.starts_on <= public.portal_day()
                AND (own.ends_on IS NULL OR own.ends_on >= public.portal_day()))))
$$;
"""
STOOD_IN_WITH = """
    (employment_id = ANY (ARRAY(SELECT portal_stands_in_for(true)))
     OR kind <> 'SALARY' AND employment_id = ANY (ARRAY(SELECT portal_stands_in_for())))
"""
TAKES_PART = f"""
    employee_id = {PERSON} OR employment_id = {ANSWERS_FOR}
    OR (holder_id = {PERSON} AND {STOOD_IN_WITH})
"""
HEAD = f"""
    {TAKES_PART}
    OR brought_to_id = {ANSWERS_FOR}
    OR (id = ANY (ARRAY(
            SELECT g.talk_id FROM dialogues_accessgrant g
            WHERE g.reader_id = {PERSON} AND g.ends_at > statement_timestamp()))
        AND portal_reaches(employment_id))
    OR {PURPOSE} <> ''
"""
IN_MY_TALKS = "talk_id = ANY (ARRAY(SELECT portal_my_talks()))"
# As the party that one is in the talk.
ON_OWN_SIDE = f"""
    {IN_MY_TALKS} AND (party = 'EMPLOYEE') = EXISTS (
        SELECT FROM dialogues_talk t WHERE t.id = talk_id AND t.employee_id = {PERSON})
"""
OF_ANSWERED_VERSION = f"""
    {IN_MY_TALKS}
    OR ({PURPOSE} = '' AND EXISTS (
        SELECT FROM dialogues_talk t WHERE t.id = talk_id AND number <= t.confirmed_version))
"""
# A version that was opened again before both had answered stays between the two.
OF_FINISHED_VERSION = f"""
    {IN_MY_TALKS}
    OR ({PURPOSE} = '' AND EXISTS (
            SELECT FROM dialogues_talk t WHERE t.id = talk_id AND number <= t.confirmed_version)
        AND (SELECT count(*) FROM dialogues_confirmation c
             WHERE c.version_id = dialogues_talkversion.id) = 2)
"""
OF_THE_TWO = f"employee_id = {PERSON} OR employment_id = ANY (ARRAY(SELECT portal_meets()))"
OWN_SIDE = f"({OF_THE_TWO}) AND (party = 'EMPLOYEE') = (employee_id = {PERSON})"
OWN_SIDE_IN_OWN_NAME = f"author_id = {PERSON} AND {OWN_SIDE}"
PLAN = f"{OF_THE_TWO} OR brought_to_id = {ANSWERS_FOR}"
MY_UNSHARED = f"""
    author_id = {PERSON} AND preparation_id = ANY (ARRAY(
        SELECT p.id FROM dialogues_preparation p
        WHERE p.author_id = {PERSON} AND p.shared_at IS NULL
          AND p.talk_id = ANY (ARRAY(SELECT portal_my_talks()))))
"""
# Inner policies apply: a preparation that is not opened is not found here either.
OF_OPENED = """
    preparation_id = ANY (ARRAY(
        SELECT p.id FROM dialogues_preparation p WHERE p.shared_at IS NOT NULL))
"""


class Migration(migrations.Migration):
    dependencies = [
        ("dialogues", "0002_talks"),
        ("goals", "0008_expectations_walled"),
    ]
    operations = [
        migrations.RunSQL(MY_TALKS, "DROP FUNCTION portal_my_talks()"),
        migrations.RunSQL(READY, "DROP FUNCTION portal_ready_in(text)"),
        migrations.RunSQL(REACHES, "DROP FUNCTION portal_reaches(bigint)"),
        *wall(
            "dialogues_talk",
            select=HEAD,
            insert=f"created_by_id = {PERSON} AND ({PURPOSE} = 'rounds' OR "
            "employment_id = ANY (ARRAY(SELECT portal_meets())))",
            update=TAKES_PART,
        ),
        *wall(
            "dialogues_talkstep",
            # Why something was opened again or corrected is the two's alone.
            select=f"by_id = {PERSON} OR {IN_MY_TALKS} OR ({PURPOSE} = '' AND words = '' AND EXISTS "
            "(SELECT FROM dialogues_talk t WHERE t.id = talk_id))",
            insert=f"by_id = {PERSON} AND EXISTS "
            "(SELECT FROM dialogues_talk t WHERE t.id = talk_id)",
        ),
        *wall("dialogues_talktime", select=IN_MY_TALKS, insert=IN_MY_TALKS, update=IN_MY_TALKS),
        *wall(
            "dialogues_preparation",
            select=f"author_id = {PERSON} OR (shared_at IS NOT NULL AND ("
            "talk_id = ANY (ARRAY(SELECT portal_ready_in('EMPLOYEE'))) OR (party = 'EMPLOYEE' "
            "AND talk_id = ANY (ARRAY(SELECT portal_ready_in('MANAGER'))))))",
            insert=f"author_id = {PERSON} AND {ON_OWN_SIDE}",
            update=f"author_id = {PERSON} AND shared_at IS NULL AND {IN_MY_TALKS}",
            update_to=f"author_id = {PERSON} AND {ON_OWN_SIDE}",
        ),
        *wall(
            "dialogues_answer",
            select=f"author_id = {PERSON} OR (NOT is_own_notes AND {OF_OPENED})",
            insert=MY_UNSHARED,
            update=MY_UNSHARED,
        ),
        *wall(
            "dialogues_criterionview",
            select=f"author_id = {PERSON} OR {OF_OPENED}",
            insert=MY_UNSHARED,
            update=MY_UNSHARED,
        ),
        *wall("dialogues_recordpart", select=IN_MY_TALKS, insert=IN_MY_TALKS, update=IN_MY_TALKS),
        *wall(
            "dialogues_criterionweighing",
            select=IN_MY_TALKS,
            insert=IN_MY_TALKS,
            update=IN_MY_TALKS,
        ),
        *wall(
            "dialogues_talkversion",
            select=OF_FINISHED_VERSION,
            insert=f"made_by_id = {PERSON} AND {IN_MY_TALKS}",
        ),
        *wall(
            "dialogues_confirmation",
            select=OF_ANSWERED_VERSION,
            insert=f"person_id = {PERSON} AND {ON_OWN_SIDE}",
        ),
        *wall(
            "dialogues_expectationresult",
            select=OF_THE_TWO,
            insert=OWN_SIDE_IN_OWN_NAME,
            # Whoever holds the talk now goes on with what an earlier manager wrote.
            update=OWN_SIDE,
            update_to=OWN_SIDE_IN_OWN_NAME,
        ),
        *wall("dialogues_competenceneed", select=PLAN, insert=OF_THE_TWO, update=PLAN),
        *wall("dialogues_competenceneedevent", select=PLAN, insert="pg_trigger_depth() > 0"),
        *wall(
            "dialogues_accessgrant",
            select=f"employee_id = {PERSON} OR reader_id = {PERSON} "
            f"OR employment_id = {ANSWERS_FOR} OR {STOOD_IN_WITH}",
            insert=f"reader_id = {PERSON} AND portal_reaches(employment_id) AND employee_id = "
            "(SELECT e.person_id FROM units_employment e WHERE e.id = employment_id) "
            "AND ends_at <= statement_timestamp() + interval '7 days 1 minute'",
        ),
        *wall(
            "dialogues_reading",
            # Who is told of an access in need is told of what was read by it, too.
            select=f"employee_id = {PERSON} OR reader_id = {PERSON} OR {IN_MY_TALKS} "
            "OR grant_id = ANY (ARRAY(SELECT g.id FROM dialogues_accessgrant g))",
            insert=f"reader_id = {PERSON}",
        ),
        *append_only(
            "dialogues_talkstep",
            "dialogues_talkversion",
            "dialogues_confirmation",
            "dialogues_accessgrant",
            "dialogues_reading",
            "dialogues_criteriaacknowledgement",
            "dialogues_competenceneedevent",
            "dialogues_roundevent",
            "dialogues_talktemplateevent",
            "dialogues_templateversionevent",
            "dialogues_sectionevent",
            "dialogues_criteriasetevent",
            "dialogues_criterionevent",
            "dialogues_criterionstepevent",
        ),
    ]
