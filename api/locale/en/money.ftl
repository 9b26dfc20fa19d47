## Usage, invoice lines and KRIs

usage-title = Usage
usage-all = All clients
usage-none = No usage in this month yet.
subscription = Subscription
subscription-standard = standard
subscription-enterprise = enterprise
usage-volume = Volume
usage-cases = Cases
usage-average = { $n ->
    [one] average of 1 month
   *[other] average of { $n } months
}
usage-average-gb = Average (GB)
usage-average-cases = Average cases
usage-against = Against the subscription
usage-over = limit reached
usage-over-notice = The three-month average reaches the limit of the standard subscription. You decide whether to move to enterprise; nothing moves by itself.
usage-stored = stored
usage-forecast = Expected this month
usage-forecast-average = average then becomes
usage-forecast-over = reaches the limit
usage-forecast-below = stays below the limit
usage-forecast-how = If the days to come are as those of this month so far.
usage-forecast-none = For the present month only.
usage-volume-chart = Volume by month (GB)
usage-cases-chart = Registered cases by month
usage-days-chart = Volume by day (MB)
usage-legend = Bars: month. Line: three-month average. Dashes: limit of the standard subscription.
usage-legend-no-limit = Bars: month. Line: average of three months.
usage-by-source = By log source
usage-by-ci = By CI
usage-no-ci = not tied to a CI
notice-title = Notices and decisions
notice-told = Told on
notice-reached = Reached
notice-decision = Decision
notice-open = waiting for the client
decision-move = Move to enterprise
decision-stay = Stay with standard
invoices-none = No invoice lines in this month.
invoice-draft = draft
invoice-closed = closed
invoice-price-list = price list
invoice-line = Line
invoice-payer = Payer
invoice-quantity = Quantity
invoice-unit-price = Unit price
invoice-amount = Amount
invoice-evidence = Evidence
invoice-to-price = to be priced
invoice-band = band { $band }, { $average } cases a month on average
invoice-average = months of the average
invoice-cases = { $n ->
    [one] 1 case
   *[other] { $n } cases
}
invoice-correction = correction { $id } about { $month }
invoice-total-client = Total for the client
invoice-total-bestuur = Total for the Board
item-flat-fee = Fixed fee, standard subscription
item-processed-gb = Processed GB above the included volume
item-stored-gb = Stored GB above the included volume
item-case-band = Cases by band
item-case-credit = Correction of cases
item-volume-correction = Correction of volume
item-amount = Agreed amount
payer-client = client
payer-bestuur = Board
unit-month = month
unit-GB = GB
unit-case = case
unit-entry = entry
unit-percent = %
unit-minutes = min
unit-cases = cases
kris-title = Key Risk Indicators
kris-frozen = frozen
kris-open = provisional, the month is open
kris-breaches = { $n ->
    [one] 1 KRI in breach
   *[other] { $n } KRIs in breach
}
kris-subject = About whom
kris-order = breaches first
kris-status = Status
kris-value = Value
kris-thresholds = Green · amber
kris-delta = Change
kris-owner = Owner
kris-heat = Clients and providers side by side
kris-none = No values for this month yet.
kri-total = End-to-end
kri-trend = Trend
kri-version = definition version { $n }
kri-rows = What the value rests on
kri-row = What
kri-counted = Counts
kri-why = Why
kri-no-rows = Nothing that counts.
kind-case = case
kind-ci = CI
kind-source = source
status-green = good
status-amber = watch
status-red = breach
status-unknown = too few data
owner-soc-lead = SOC lead
owner-service-integrator = Service Integrator
