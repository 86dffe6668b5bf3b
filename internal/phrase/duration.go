package phrase

import "time"

// Duration writes a length of time as a sentence needs it, in its two largest units:
// "6 minutes", "1 hour 5 minutes", "400ms".
func Duration(d time.Duration) string {
	d = max(0, d)
	switch {
	case d < time.Second && d > 0:
		return d.Round(10 * time.Millisecond).String()
	case d < time.Minute:
		return Count(int(d.Seconds()), "second")
	case d < time.Hour:
		return twoUnits(int(d.Minutes()), "minute", int(d.Seconds())%60, "second", 10)
	case d < 24*time.Hour:
		return twoUnits(int(d.Hours()), "hour", int(d.Minutes())%60, "minute", 24)
	default:
		return twoUnits(int(d.Hours())/24, "day", int(d.Hours())%24, "hour", 10)
	}
}

// twoUnits writes both units while the large one is smaller than exact.
func twoUnits(large int, unit string, small int, smallUnit string, exact int) string {
	if small == 0 || large >= exact {
		return Count(large, unit)
	}
	return Count(large, unit) + " " + Count(small, smallUnit)
}
