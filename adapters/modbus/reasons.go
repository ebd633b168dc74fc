package modbus

import "butlr-gateway/gateway"

// reasonWords say what each reason code means, for the point list and for who reads registers by hand.
var reasonWords = [gateway.ReasonOutOfService + 1]string{
	gateway.ReasonNoData:             "no data",
	gateway.ReasonPeople:             "people",
	gateway.ReasonMotion:             "motion",
	gateway.ReasonPeopleAndMotion:    "people and motion",
	gateway.ReasonOnDelay:            "on-delay",
	gateway.ReasonOffDelay:           "off-delay",
	gateway.ReasonVacant:             "vacant",
	gateway.ReasonForced:             "forced",
	gateway.ReasonHeld:               "held",
	gateway.ReasonOnLossOccupied:     "on loss occupied",
	gateway.ReasonOnLossHold:         "on loss hold",
	gateway.ReasonOnLossVacant:       "on loss vacant",
	gateway.ReasonLatchEnded:         "latch ended",
	gateway.ReasonMembers:            "members",
	gateway.ReasonTrafficEstimate:    "traffic estimate",
	gateway.ReasonStartupGrace:       "start-up grace",
	gateway.ReasonWaitingForLiveFeed: "waiting for a live feed",
	gateway.ReasonOutOfService:       "out of service",
}
