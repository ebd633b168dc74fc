package plot

import (
	"fmt"
	"strings"
	"time"
)

// Words says in a line what is drawn, and in a few sentences what is to be seen there.
func (c *Course) Words() (title, about string) {
	const layout = "2 Jan 2006 15:04 MST"
	title = fmt.Sprintf("%s from %s to %s", c.Name, c.From.In(c.Place).Format(layout), c.Until.In(c.Place).Format(layout))
	s := c.Sums(nil)[0]
	var b strings.Builder
	switch {
	case !s.Known:
		b.WriteString("No count of people. ")
	case s.Least == s.Most && s.Most == 1:
		b.WriteString("1 person all the time that there was a count. ")
	case s.Least == s.Most:
		fmt.Fprintf(&b, "%d people all the time that there was a count. ", s.Most)
	default:
		fmt.Fprintf(&b, "Between %d and %d people. ", s.Least, s.Most)
	}
	if s.HasOccupied {
		fmt.Fprintf(&b, "HVAC occupied for %s", Lasting(s.Occupied))
		if s.OffDelay > 0 {
			fmt.Fprintf(&b, ", of which %s by its off-delay", Lasting(s.OffDelay))
		}
		b.WriteString(". ")
	}
	if s.Doubtful > 0 {
		fmt.Fprintf(&b, "For %s nothing was heard, and a kept or a policy's value stood in. ", Lasting(s.Doubtful))
	}
	if s.Without > 0 {
		fmt.Fprintf(&b, "For %s nothing is known: no gateway ran, or it had not heard of the asset. ", Lasting(s.Without))
	}
	return title, strings.TrimSpace(b.String())
}

// Lasting says how long something lasted, to the minute; of more than two days, to the hour.
func Lasting(d time.Duration) string {
	minutes := int(d.Round(time.Minute) / time.Minute)
	switch {
	case minutes == 0 && d > 0:
		return "less than a minute"
	case minutes < 60:
		return fmt.Sprintf("%d min", minutes)
	case minutes > 48*60:
		hours := (minutes + 30) / 60
		if hours%24 == 0 {
			return fmt.Sprintf("%d days", hours/24)
		}
		return fmt.Sprintf("%d days %d h", hours/24, hours%24)
	case minutes%60 == 0:
		return fmt.Sprintf("%d h", minutes/60)
	}
	return fmt.Sprintf("%d h %d min", minutes/60, minutes%60)
}
