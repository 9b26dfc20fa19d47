## Verbruik, factuurlijnen en KRI's

usage-title = Verbruik
usage-all = Alle klanten
usage-none = Nog geen verbruik in deze maand.
subscription = Abonnement
subscription-standard = standaard
subscription-enterprise = enterprise
usage-volume = Volume
usage-cases = Cases
usage-average = { $n ->
    [one] gemiddelde over 1 maand
   *[other] gemiddelde over { $n } maanden
}
usage-average-gb = Gemiddelde (GB)
usage-average-cases = Gemiddelde cases
usage-against = Tegenover het abonnement
usage-over = grens bereikt
usage-over-notice = Het gemiddelde over drie maanden bereikt de grens van het standaardabonnement. U beslist zelf of u naar enterprise overstapt; er verandert niets vanzelf.
usage-stored = opgeslagen
usage-forecast = Verwacht deze maand
usage-forecast-average = gemiddelde wordt dan
usage-forecast-over = bereikt de grens
usage-forecast-below = blijft onder de grens
usage-forecast-how = Als de komende dagen zijn zoals de voorbije van deze maand.
usage-forecast-none = Alleen voor de lopende maand.
usage-volume-chart = Volume per maand (GB)
usage-cases-chart = Geregistreerde cases per maand
usage-days-chart = Volume per dag (MB)
usage-legend = Balken: maand. Lijn: gemiddelde over drie maanden. Streeplijn: grens van het standaardabonnement.
usage-legend-no-limit = Balken: maand. Lijn: gemiddelde over drie maanden.
usage-by-source = Per logbron
usage-by-ci = Per CI
usage-no-ci = niet aan een CI gekoppeld
notice-title = Kennisgevingen en beslissingen
notice-told = Gemeld op
notice-reached = Bereikt
notice-decision = Beslissing
notice-open = wacht op de klant
decision-move = Overstappen naar enterprise
decision-stay = Standaard behouden
invoices-none = Geen factuurlijnen in deze maand.
invoice-draft = voorlopig
invoice-closed = afgesloten
invoice-price-list = prijslijst
invoice-line = Lijn
invoice-payer = Betaler
invoice-quantity = Hoeveelheid
invoice-unit-price = Eenheidsprijs
invoice-amount = Bedrag
invoice-evidence = Onderbouwing
invoice-to-price = te prijzen
invoice-band = schijf { $band }, gemiddeld { $average } cases per maand
invoice-average = maanden van het gemiddelde
invoice-cases = { $n ->
    [one] 1 case
   *[other] { $n } cases
}
invoice-correction = correctie { $id } over { $month }
invoice-total-client = Totaal voor de klant
invoice-total-bestuur = Totaal voor het Bestuur
item-flat-fee = Vast bedrag standaardabonnement
item-processed-gb = Verwerkte GB boven het inbegrepen volume
item-stored-gb = Opgeslagen GB boven het inbegrepen volume
item-case-band = Cases volgens schijf
item-case-credit = Correctie op cases
item-volume-correction = Correctie op volume
item-amount = Overeengekomen bedrag
payer-client = klant
payer-bestuur = Bestuur
unit-month = maand
unit-GB = GB
unit-case = case
unit-entry = stuk
unit-percent = %
unit-minutes = min
unit-cases = cases
kris-title = Key Risk Indicators
kris-frozen = bevroren
kris-open = voorlopig, de maand loopt
kris-breaches = { $n ->
    [one] 1 KRI overschreden
   *[other] { $n } KRI's overschreden
}
kris-subject = Over wie
kris-order = overschrijdingen eerst
kris-status = Stand
kris-value = Waarde
kris-thresholds = Groen · oranje
kris-delta = Verschil
kris-owner = Eigenaar
kris-heat = Klanten en dienstverleners naast elkaar
kris-none = Nog geen waarden voor deze maand.
kri-total = End-to-end
kri-trend = Verloop
kri-version = definitie versie { $n }
kri-rows = Waarop de waarde rust
kri-row = Wat
kri-counted = Telt mee
kri-why = Waarom
kri-no-rows = Niets dat meetelt.
kind-case = case
kind-ci = CI
kind-source = bron
status-green = in orde
status-amber = opvolgen
status-red = overschreden
status-unknown = te weinig gegevens
owner-soc-lead = SOC-lead
owner-service-integrator = Service Integrator
