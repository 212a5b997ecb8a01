using Podflare.Faults.Services;

namespace Podflare.Faults;

/// <summary>The cluster of the tests that kill, one after the other. No host stays away, but beside two other clusters a start takes its time.</summary>
public sealed class CrashLab() : Lab("k", graceSeconds: 60);

/// <summary>The cluster of the tests that wait for something to stay away.</summary>
public sealed class OutageLab() : Lab("o", graceSeconds: 15);

/// <summary>The cluster of the tests in which hosts are sick, copied or killed again and again. A create has the time that it has by default.</summary>
public sealed class HostLab() : Lab("h", graceSeconds: 60, startSeconds: 20);

[CollectionDefinition("crashes")]
public sealed class Crashes : ICollectionFixture<CrashLab>;

[CollectionDefinition("outages")]
public sealed class Outages : ICollectionFixture<OutageLab>;

[CollectionDefinition("hosts")]
public sealed class Hosts : ICollectionFixture<HostLab>;
