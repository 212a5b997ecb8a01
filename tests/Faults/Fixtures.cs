using Podflare.Faults.Services;

namespace Podflare.Faults;

/// <summary>The cluster of the tests that kill, one after the other. No host stays away, but beside two other clusters a start takes its time.</summary>
public sealed class CrashLab() : Lab("k", graceSeconds: 60);

/// <summary>The cluster of the tests that wait for something to stay away.</summary>
public sealed class OutageLab() : Lab("o", graceSeconds: 15);

/// <summary>The cluster of the tests in which hosts are copied, or killed again and again.</summary>
public sealed class HostLab() : Lab("h", graceSeconds: 60, startSeconds: 20);

/// <summary>The cluster of the tests in which one host cannot start containers. A create has the time that it has by default.</summary>
public sealed class SickLab() : Lab("s", graceSeconds: 60, startSeconds: 20);

[CollectionDefinition("crashes")]
public sealed class Crashes : ICollectionFixture<CrashLab>;

[CollectionDefinition("outages")]
public sealed class Outages : ICollectionFixture<OutageLab>;

[CollectionDefinition("hosts")]
public sealed class Hosts : ICollectionFixture<HostLab>;

/// <summary>Alone: beside other clusters on a small machine the healthy host may need longer for a start than a create waits.</summary>
[CollectionDefinition("sick hosts", DisableParallelization = true)]
public sealed class SickHosts : ICollectionFixture<SickLab>;
