using Podflare.Runs;

namespace Podflare.Runs;

public sealed class RunIdTests
{
    [Fact]
    public void An_id_survives_its_bytes()
    {
        var id = RunId.New();
        Assert.Equal(id, RunId.FromBytes(id.ToBytes()));
    }
}
