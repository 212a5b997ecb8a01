using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Podflare.Processes;

namespace Podflare.Hosting;

/// <summary>The address that other silos dial.</summary>
public sealed class AdvertisedAddressTests
{
    // From one of its own addresses, a machine reaches that address: a machine with several networks gives several cases.
    [Fact]
    public void The_address_is_the_one_from_which_this_machine_reaches_Redis()
    {
        var own = NetworkInterface.GetAllNetworkInterfaces().Where(network => network.OperationalStatus is OperationalStatus.Up)
            .SelectMany(network => network.GetIPProperties().UnicastAddresses).Select(address => address.Address)
            .Where(address => address.AddressFamily is AddressFamily.InterNetwork).ToArray();
        Assert.Contains(IPAddress.Loopback, own);

        Assert.All(own, address => Assert.Equal(address, AdvertisedAddress.Resolve("auto", $"{address}:6379")));
    }

    [Theory]
    [InlineData("localhost:6379")]
    [InlineData("127.0.0.1")]
    [InlineData("127.0.0.1:6379,password=secret,ssl=true")]
    public void Redis_is_found_as_the_connection_string_names_it(string redis) => Assert.Equal(IPAddress.Loopback, AdvertisedAddress.Resolve("auto", redis));

    [Fact]
    public void An_address_that_is_set_is_taken_without_a_question() => Assert.Equal(IPAddress.Parse("10.1.2.3"), AdvertisedAddress.Resolve("10.1.2.3", "127.0.0.1"));

    [Theory]
    [InlineData("here", "127.0.0.1")]
    [InlineData("", "127.0.0.1")]
    [InlineData("auto", "!/tmp/redis")]
    public void Without_an_address_the_start_fails_and_names_the_setting(string setting, string redis) =>
        Assert.StartsWith("Podflare:AdvertisedAddress", Assert.Throws<StartUpException>(() => AdvertisedAddress.Resolve(setting, redis)).Message, StringComparison.Ordinal);
}
