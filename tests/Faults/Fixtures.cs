using Podflare.Faults.Services;

namespace Podflare.Faults;

/// <summary>The cluster of the tests that kill, one after the other.</summary>
public sealed class CrashLab() : Lab("k");

/// <summary>The cluster of the tests that wait for something to stay away.</summary>
public sealed class OutageLab() : Lab("o");

[CollectionDefinition("crashes")]
public sealed class Crashes : ICollectionFixture<CrashLab>;

[CollectionDefinition("outages")]
public sealed class Outages : ICollectionFixture<OutageLab>;
