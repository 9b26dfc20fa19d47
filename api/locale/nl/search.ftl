## Zoeken

search-query = Zoekvraag
search-placeholder = bijv. source.ip:10.1.0.0/16 AND NOT user.name:root
search-range = Periode
search-from = Van
search-to = Tot
search-go = Zoeken
search-wrong = Zoekvraag, teken { $position }:
search-not-searched = { $n ->
    [one] Eén deel van de index is niet doorzocht: het is beschadigd, of de tijd was op. De beheerder vindt het in het logboek.
   *[other] { $n } delen van de index zijn niet doorzocht: ze zijn beschadigd, of de tijd was op. De beheerder vindt ze in het logboek.
}
search-found = { $n ->
    [one] 1 gebeurtenis
   *[other] { $shown } gebeurtenissen
}
search-per = per balk { $span }
search-histogram = Gebeurtenissen in de tijd
search-counts = Waarden van een veld
search-field = Veld
search-value = Waarde
search-events = Gebeurtenissen
search-with = alleen met
search-without = zonder
search-this = zoek naar
search-too-many-values = Dit veld heeft te veel verschillende waarden om te tellen. Maak de zoekvraag eerst nauwer.
search-distinct = { $n } verschillende waarden in { $events } gebeurtenissen
search-no-values = Geen enkele gebeurtenis heeft dit veld.
search-results = Resultaten
search-nothing = Geen gebeurtenissen gevonden. Maak de periode langer of de zoekvraag ruimer.
range-15m = laatste 15 minuten
range-1h = laatste uur
range-24h = laatste 24 uur
range-7d = laatste 7 dagen
range-30d = laatste 30 dagen
range-365d = laatste 365 dagen
range-custom = van … tot …
event-one = Gebeurtenis { $id }
event-received = Ontvangen
event-status = Verwerking
parse-parsed = volledig
parse-partial = gedeeltelijk
parse-raw = onverwerkt
defect-bad_time = tijdstip niet leesbaar; tijdstip van ontvangst gebruikt
defect-not_utf8 = niet alles is tekst (UTF-8)
defect-truncated = afgekapt op de groottegrens
defect-too_deep = te diep genest
defect-too_many_fields = te veel velden
defect-too_many_names = te veel veldnamen
defect-malformed = wijkt af van de regels van het formaat
defect-wrong_type = waarde past niet bij het veld
query-too-long = De zoekvraag is te lang. Zoek in twee stappen.
query-too-deep = Haakjes en NOT zijn te diep genest.
query-too-many-terms = Er zijn te veel termen. Zoek in twee stappen.
query-open-quote = Dit aanhalingsteken wordt nooit gesloten. Voeg een " toe, of schrijf \" voor een aanhalingsteken dat bij de tekst hoort.
query-open-bracket = Dit haakje wordt nooit gesloten. Voeg een ) toe.
query-stray-bracket = Deze ) sluit niets. Verwijder ze, of schrijf \) voor een haakje dat bij de tekst hoort.
query-missing-term = Hier ontbreekt een term. Zet de woorden AND, OR en NOT tussen aanhalingstekens om ernaar als tekst te zoeken.
query-missing-value = Na “{ $field }:” ontbreekt een waarde. Schrijf { $field }:* voor om het even welke waarde, { $field }:"" voor een lege.
query-bad-range = Een bereik schrijft u als [laag TO hoog], met * voor een open einde en {"{"} {"}"} voor grenzen die niet meetellen.
query-field-in-field = Een veld kan niet tussen de haakjes van het veld { $field } staan.
query-no-word = Er staat geen letter of cijfer om naar te zoeken. Zoek leestekens in een veld, zoals message:"*--*" zonder aanhalingstekens.
query-bad-value = “{ $value }” is geen { $wanted }, en dat vraagt { $field }.
query-wants-time = datum of tijdstip zoals 2026-11-22 of 2026-11-22T10:05:07Z
query-wants-number = getal
