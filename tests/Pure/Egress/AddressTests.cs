using System.Net;
using CsCheck;
using Podflare.EgressProxy.Addresses;

namespace Podflare.EgressProxy;

/// <summary>Which addresses the proxy may connect to.</summary>
public sealed class AddressTests
{
    [Theory]
    [InlineData("0.0.0.0")]
    [InlineData("0.1.2.3")]
    [InlineData("10.0.0.1")]
    [InlineData("100.64.0.1")]
    [InlineData("100.100.100.200")]
    [InlineData("100.127.255.255")]
    [InlineData("127.0.0.1")]
    [InlineData("127.255.255.254")]
    [InlineData("168.63.129.16")]
    [InlineData("169.254.169.254")]
    [InlineData("172.16.0.1")]
    [InlineData("172.31.255.255")]
    [InlineData("192.0.0.192")]
    [InlineData("192.0.2.1")]
    [InlineData("192.88.99.1")]
    [InlineData("192.168.1.1")]
    [InlineData("198.18.0.1")]
    [InlineData("198.19.255.255")]
    [InlineData("198.51.100.1")]
    [InlineData("203.0.113.1")]
    [InlineData("224.0.0.1")]
    [InlineData("239.255.255.255")]
    [InlineData("240.0.0.1")]
    [InlineData("255.255.255.255")]
    [InlineData("::")]
    [InlineData("::1")]
    [InlineData("::8.8.8.8")]
    [InlineData("::ffff:8.8.8.8")]
    [InlineData("::ffff:127.0.0.1")]
    [InlineData("::ffff:0:127.0.0.1")]
    [InlineData("64:ff9b::a00:1")]
    [InlineData("64:ff9b::808:808")]
    [InlineData("64:ff9b:1::a00:1")]
    [InlineData("100::1")]
    [InlineData("2001::1")]
    [InlineData("2001:0:4136:e378:8000:63bf:3fff:fdd2")]
    [InlineData("2001:10::1")]
    [InlineData("2001:db8::1")]
    [InlineData("2002:7f00:1::1")]
    [InlineData("2002:808:808::1")]
    [InlineData("3fff::1")]
    [InlineData("4000::1")]
    [InlineData("5f00::1")]
    [InlineData("fc00::1")]
    [InlineData("fd00:ec2::254")]
    [InlineData("fe80::1")]
    [InlineData("fe80::1%2")]
    [InlineData("fec0::1")]
    [InlineData("ff02::1")]
    public void An_address_that_is_not_public_is_refused(string address) => Assert.False(PublicAddress.IsPublic(IPAddress.Parse(address)));

    [Theory]
    [InlineData("1.1.1.1")]
    [InlineData("8.8.8.8")]
    [InlineData("11.0.0.1")]
    [InlineData("100.63.255.255")]
    [InlineData("100.128.0.0")]
    [InlineData("168.63.129.15")]
    [InlineData("172.15.255.255")]
    [InlineData("172.32.0.0")]
    [InlineData("192.0.1.1")]
    [InlineData("198.17.255.255")]
    [InlineData("198.20.0.0")]
    [InlineData("223.255.255.255")]
    [InlineData("2001:200::1")]
    [InlineData("2606:4700:4700::1111")]
    [InlineData("2a00:1450:4001:800::200e")]
    public void A_public_address_is_allowed(string address) => Assert.True(PublicAddress.IsPublic(IPAddress.Parse(address)));

    [Fact]
    public void No_IPv6_address_that_embeds_an_IPv4_address_is_public() =>
        Gen.Select(Gen.Byte.Array[4], Gen.Int[0, 4]).Sample((v4, form) =>
        {
            var bytes = new byte[16];
            byte[] prefix = form switch
            {
                0 => [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF], // mapped
                1 => [0, 0x64, 0xFF, 0x9B], // NAT64
                2 => [0, 0x64, 0xFF, 0x9B, 0, 1], // NAT64, local use
                3 => [0x20, 0x02], // 6to4: the IPv4 address follows at once
                _ => [],
            };
            prefix.CopyTo(bytes, 0);
            v4.CopyTo(bytes, form == 3 ? 2 : 12);
            return !PublicAddress.IsPublic(new IPAddress(bytes));
        });

    [Fact]
    public void An_IPv4_address_is_public_or_special_as_the_framework_s_ranges_have_it() =>
        Gen.UInt.Sample(number =>
        {
            var address = new IPAddress(BitConverter.GetBytes(number));
            var first = address.GetAddressBytes()[0];
            // These are special as a whole, whatever the rest.
            return first is not (0 or 10 or 127 or >= 224) || !PublicAddress.IsPublic(address);
        });

    [Fact]
    public void Addresses_of_this_host_are_recognized()
    {
        Assert.True(OwnAddress.IsOwn(IPAddress.Loopback));
        Assert.False(OwnAddress.IsOwn(IPAddress.Parse("192.0.2.7")));
    }
}
