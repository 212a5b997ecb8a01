namespace Podflare.Streaming;

/// <summary>One cluster for all tests of streams that end no silo.</summary>
[CollectionDefinition(Name)]
public sealed class RunStreams : ICollectionFixture<StreamFixture>
{
    public const string Name = "run streams";
}
