using Podflare.Faults.Services;

namespace Podflare.Faults;

/// <summary>Tests of one fault each, one after the other, beside the chaos.</summary>
[CollectionDefinition("lab")]
public sealed class LabTests : ICollectionFixture<Lab>;
