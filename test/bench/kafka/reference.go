package main

const mb = 1_000_000

// references were measured once, on two cores, on the default grid and Kafka 4.3.1. They are
// the comparison where the peers cannot be run.
var references = []Row{
	{
		Name: "kminion 2.3.5", Cycle: unknown, Scrape: 1.4, Wall: 1.4, CPU: 1.35, BrokerCPU: 0.94,
		RSS: 198 * mb, Peak: 203 * mb, Series: 125_063, Bytes: 13_900_000, Compressed: unknown, AgainWall: 1.4, AgainCPU: 1.35, FirstCycle: unknown,
	},
	{
		Name: "kafka_exporter 1.9", Cycle: unknown, Scrape: 27, Wall: 27, CPU: 17.2, BrokerCPU: 15.5,
		RSS: 278 * mb, Peak: 364 * mb, Series: 274_522, Bytes: 24_200_000, Compressed: unknown, AgainWall: 27, AgainCPU: 17.2, FirstCycle: unknown,
	},
}
